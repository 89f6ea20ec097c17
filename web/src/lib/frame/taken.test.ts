import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** The lines by which a frame takes properties from the rules of a mail, without their indentation. */
function takenBy(frame: string): string[] {
  const lines = readFileSync(join(import.meta.dirname, frame), 'utf8').split('\n')
  const from = lines.findIndex((line) => line.includes('const taken = ['))
  const list = lines.slice(from, lines.findIndex((line, at) => at > from && line.trim() === ']') + 1)
  const rules = lines.filter((line) => /removeProperty\(/.test(line))
  return [...list, ...rules].map((line) => line.trim())
}

test('a print takes from the rules of a mail what the reader takes', () => {
  expect(takenBy('frame-print.html')).toEqual(takenBy('frame.html'))
  expect(takenBy('frame.html')).toHaveLength(7)
})
