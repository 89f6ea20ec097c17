/** Dates are written as the person chose: in the region of `words.mail.locale`, for the language alone is that of the US. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const SOURCE = join(import.meta.dirname, '../src/lib')
const DATES = /\b(listTime|messageTime|fullTime|spokenTime|groupName|dayOf|dayAndTimeOf|DateTimeFormat|buttonWords)\(/g

/** The arguments of each call that formats a date, in components: these know both the language and the locale. */
function calls(source: string): string[] {
  return [...source.matchAll(DATES)].map(({ index }) => source.slice(index, ends(source, index)))
}

function ends(source: string, from: number): number {
  let depth = 0
  for (let at = source.indexOf('(', from); at < source.length; at += 1) {
    depth += source[at] === '(' ? 1 : source[at] === ')' ? -1 : 0
    if (depth === 0) return at
  }
  return source.length
}

test('no component writes a date in the language alone', () => {
  const components = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.svelte')
  )
  const found = components.flatMap((name) =>
    calls(readFileSync(join(SOURCE, name), 'utf8')).map((call) => `${name}: ${call}`)
  )
  expect(found.length).toBeGreaterThan(10)
  expect(found.filter((call) => call.includes('language'))).toEqual([])
})
