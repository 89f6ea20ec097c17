/** Every word that a person reads stands in the words files, in both languages. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, type AST } from 'svelte/compiler'
import { expect, test } from 'vitest'

const SOURCE = join(import.meta.dirname, '../src')
const WORDS = join(SOURCE, 'lib/words')

/** Attributes that people read or hear. */
const READ = new Set(['alt', 'aria-description', 'aria-label', 'aria-roledescription', 'label', 'placeholder', 'title'])

/** The same in every language: names, signs, operators that are typed. */
const NAMES = new Set(['Postroom'])

const LETTERS = /\p{L}{2,}/u

function templates(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.svelte'))
}

interface Node {
  readonly type: string
  readonly name?: string
  readonly data?: string
  readonly start: number
  readonly value?: unknown
}

/** Text of a template: between its tags, and in attributes that are told. */
function wordsIn(source: string): string[] {
  const found: string[] = []
  const visit = (node: unknown, isRead: boolean): void => {
    if (Array.isArray(node)) {
      node.forEach((each) => visit(each, isRead))
      return
    }
    if (typeof node !== 'object' || node === null) return
    const { type, name = '', data = '' } = node as Node
    if (type === 'Attribute') {
      visit((node as Node).value, READ.has(name))
      return
    }
    if (type === 'Text' && isRead && LETTERS.test(data) && !NAMES.has(data.trim())) found.push(data.trim())
    if (type === 'StyleDirective') return
    Object.values(node).forEach((value) => visit(value, isRead))
  }
  const root: AST.Root = parse(source, { modern: true })
  visit(root.fragment, true)
  return found
}

test.each(templates())('%s has no words of its own', (name) => {
  expect(wordsIn(readFileSync(join(SOURCE, name), 'utf8'))).toEqual([])
})

test('a word in a template is found', () => {
  expect(wordsIn('<p>Hello {name}</p><b title="There">{x}</b><i class="not this" aria-label={y}></i>')).toEqual([
    'Hello',
    'There'
  ])
})

type Entries = Map<string, string>

/** Each word by its path. What makes a sentence is asked for one, with numbers and texts that are easy to find again. */
function entriesOf(words: unknown, path = ''): Entries {
  if (typeof words === 'string') return new Map([[path, words]])
  if (typeof words === 'function') return new Map([[path, said(words as (...given: unknown[]) => unknown)]])
  if (typeof words !== 'object' || words === null) return new Map()
  return new Map(Object.entries(words).flatMap(([key, value]) => [...entriesOf(value, path ? `${path}.${key}` : key)]))
}

function said(sentence: (...given: unknown[]) => unknown): string {
  try {
    const made = sentence(...Array.from({ length: sentence.length }, () => 7))
    return typeof made === 'string' ? made : ''
  } catch {
    return ''
  }
}

async function fileOf(language: string, name: string): Promise<Entries> {
  return entriesOf(await import(join(WORDS, language, name)))
}

const FILES = readdirSync(join(WORDS, 'en'))

test('both languages have the same files', () => {
  expect(readdirSync(join(WORDS, 'de'))).toEqual(FILES)
})

/** Names, and words that German has as English has them. */
const ALIKE = new Set(
  'Auto Bcc Cc Code Details Filter IMAP In Label Labels Link Live Name Offline Passkeys Postroom SMTP Sieve Spam System Text Token'.split(
    ' '
  )
)

function isAlike(text: string): boolean {
  return (text.match(/\p{L}{2,}/gu) ?? []).every((word) => ALIKE.has(word))
}

test.each(FILES)('%s says the same things in both languages, each in its own words', async (name) => {
  const [english, german] = await Promise.all([fileOf('en', name), fileOf('de', name)])
  expect([...german.keys()].toSorted()).toEqual([...english.keys()].toSorted())
  const alike = [...english].filter(([key, text]) => german.get(key) === text && !isAlike(text))
  expect(alike.map(([key, text]) => `${key}: ${text}`)).toEqual([])
})
