import { expect, test } from 'vitest'
import { keywordOf } from './keywords.ts'
import { isOfLabel } from './label.ts'

test.each([
  ['Waiting', 'waiting'],
  ['Für Straße 7', 'fur-strasse-7'],
  ['  To / do ~ now  ', 'to-do-now'],
  ['(a) {b} %c* "d" \\e]', 'a-b-c-d-e']
])('%s becomes a keyword that needs no escape anywhere', (name, keyword) => {
  expect(keywordOf(name, [])).toBe(keyword)
})

test.each(['Важно', '東京', '🎻', '$', '---'])('%s, of which no letter is left, becomes one of its own', (name) => {
  const keyword = keywordOf(name, [])
  expect(keyword).toMatch(/^label-[a-z0-9]+$/)
  expect(keywordOf(name, [])).toBe(keyword)
  expect(keywordOf(`${name}${name}`, [])).not.toBe(keyword)
})

test('a keyword is never one that means something else', () => {
  for (const name of ['$seen', 'Seen', 'Junk', 'NotJunk', '$Forwarded', '$label1']) {
    const keyword = keywordOf(name, [])
    expect(isOfLabel(keyword), keyword).toBe(true)
  }
  expect(['$seen', '$label1', 'junk', ''].some(isOfLabel)).toBe(false)
})

test('two names never share a keyword, and a long one stays below 255 octets', () => {
  expect(keywordOf('Réise', ['reise', 'reise-2'])).toBe('reise-3')
  expect(keywordOf('x'.repeat(1000), []).length).toBeLessThanOrEqual(255)
})
