import { globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { expect, test } from 'vitest'

const SOURCES = new URL('../..', import.meta.url).pathname
const NAMED =
  /(?:^|[\s;{])(?:(?:(?:margin|padding|border|inset)-)?(?:left|right)(?:-[a-z]+)*:|text-align: (?:left|right))/
const FOUR_SIDES = /(?:^|[\s;{])(?:margin|padding|inset|border-width|scroll-margin|scroll-padding): ([^;{}]+)/
const ONE_VALUE = /(?:[^\s()]|\((?:[^()]|\([^()]*\))*\))+/g

/** Where a script measured, it knows which side. */
const MEASURED = /^var\(--(?:left|x)\b/

/** Whether it names the left or the right, or sets one apart from the other, whichever way one reads. */
function isLeftOrRight(line: string): boolean {
  const values = FOUR_SIDES.exec(line)?.[1]?.match(ONE_VALUE) ?? []
  const differs = values.length === 4 && values[1] !== values[3] && !MEASURED.test(values[3] ?? '')
  return differs || NAMED.test(line)
}

test('styles name the start and the end of a line, not left and right', () => {
  const found = globSync(`${SOURCES}**/*.{svelte,css,html}`).flatMap((path) => {
    const source = readFileSync(path, 'utf8')
    const styles = path.endsWith('.css') ? [source] : source.split('<style').slice(1)
    const lines = styles.flatMap((style) => (style.split('</style')[0] ?? '').split('\n'))
    return lines.filter(isLeftOrRight).map((line) => `${relative(SOURCES, path)}: ${line.trim()}`)
  })
  expect(found).toEqual([])
})

test.each([
  'padding: 0 0 0 8px;',
  'padding: 0.75rem max(1rem, 100% - 46rem) 0.75rem 1rem;',
  'inset: auto auto 3rem 0.5rem;',
  'padding: 0 var(--gap) 0 0;',
  'margin-left: 1px;',
  'left: 0;',
  'border-right-width: 0;',
  'text-align: right;'
])('%s stays where it is when all else is mirrored', (line) => {
  expect(isLeftOrRight(`  ${line}`)).toBe(true)
})
