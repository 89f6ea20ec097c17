import { english, german } from '../../../tests/words.ts'
import { compose as germanCompose } from '#lib/words/de/compose.ts'
import { folders as germanFolders } from '#lib/words/de/folders.ts'
import { live as germanLive } from '#lib/words/de/live.ts'
import { reading as germanReading } from '#lib/words/de/reading.ts'
import { search as germanSearch } from '#lib/words/de/search.ts'
import { compose as englishCompose } from '#lib/words/en/compose.ts'
import { folders as englishFolders } from '#lib/words/en/folders.ts'
import { live as englishLive } from '#lib/words/en/live.ts'
import { reading as englishReading } from '#lib/words/en/reading.ts'
import { search as englishSearch } from '#lib/words/en/search.ts'
import { expect, test } from 'vitest'

type Node = string | ((...values: never[]) => unknown) | { [key: string]: Node }

/** Also what is loaded later. */
const [EN, DE] = [
  {
    compose: englishCompose,
    folders: englishFolders,
    live: englishLive,
    reading: englishReading,
    search: englishSearch
  },
  { compose: germanCompose, folders: germanFolders, live: germanLive, reading: germanReading, search: germanSearch }
]
const ENGLISH = { ...english, ...EN }
const GERMAN = { ...german, ...DE }

/** Every word with its path; a function is called with marks in place of its values. */
function texts(node: Node, path: string): [string, string][] {
  if (typeof node === 'string') return [[path, node]]
  if (typeof node === 'function') return [[path, `${String(node.length)} values`]]
  return Object.entries(node).flatMap(([key, value]) => texts(value, `${path}.${key}`))
}

test('both languages have the same words, and none is empty', () => {
  const [en, de] = [texts(ENGLISH, ''), texts(GERMAN, '')]
  expect(de.map(([path]) => path)).toEqual(en.map(([path]) => path))
  expect([...en, ...de].filter(([, text]) => text.trim() === '')).toEqual([])
})

test('a word takes the same number of values in both languages', () => {
  const values = (all: [string, string][]) => all.filter(([, text]) => text.endsWith(' values'))
  expect(values(texts(GERMAN, ''))).toEqual(values(texts(ENGLISH, '')))
})

test('the title of the page, which screen readers announce, ends with the address once it is known', () => {
  for (const { mail } of [english, german]) {
    expect(mail.title(0, 'Spam', '')).toBe('Spam')
    expect(mail.title(2, 'Spam', 'alice@example.org')).toBe('(2) Spam – alice@example.org')
  }
})
