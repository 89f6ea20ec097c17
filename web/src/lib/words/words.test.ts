import { english, german } from '../../../tests/words.ts'
import { expect, test } from 'vitest'

type Node = string | ((...values: never[]) => unknown) | { [key: string]: Node }

/** Of every file, so that a new one is held to the same rules. */
const [ENGLISH, GERMAN] = [
  byFile(import.meta.glob<Node>('./en/*.ts', { eager: true })),
  byFile(import.meta.glob<Node>('./de/*.ts', { eager: true }))
]

function byFile(modules: Record<string, Node>): Record<string, Node> {
  return Object.fromEntries(Object.entries(modules).map(([path, words]) => [path.replace(/^.*\//, ''), words]))
}

/** Every word with its path; of a function, how many values it takes. */
function texts(node: Node, path: string): [string, string][] {
  if (typeof node === 'string') return [[path, node]]
  if (typeof node === 'function') return [[path, `${String(node.length)} values`]]
  return Object.entries(node).flatMap(([key, value]) => texts(value, `${path}.${key}`))
}

test('every file of words exists in both languages', () => {
  expect(Object.keys(ENGLISH)).toContain('mail.ts')
  expect(Object.keys(GERMAN)).toEqual(Object.keys(ENGLISH))
})

test.each(Object.keys(ENGLISH))('both languages have the same words in %s, and none is empty', (file) => {
  const [en, de] = [texts(ENGLISH[file] ?? '', file), texts(GERMAN[file] ?? '', file)]
  expect(de.map(([path]) => path).toSorted()).toEqual(en.map(([path]) => path).toSorted())
  expect([...en, ...de].filter(([, text]) => text.trim() === '')).toEqual([])
})

test.each(Object.keys(ENGLISH))('a word takes the same number of values in both languages: %s', (file) => {
  const values = (node: Node | undefined) =>
    new Map(texts(node ?? '', '').filter(([, text]) => text.endsWith(' values')))
  expect(values(GERMAN[file])).toEqual(values(ENGLISH[file]))
})

test('the title of the page, which screen readers announce, ends with the address once it is known', () => {
  for (const { mail } of [english, german]) {
    expect(mail.title(0, 'Spam', '')).toBe('Spam')
    expect(mail.title(2, 'Spam', 'alice@example.org')).toBe('(2) Spam – alice@example.org')
  }
})
