import { expect, test } from 'vitest'
import { idOfList, suggestionsFor, wordsOf } from './suggestion.ts'

test('of a message of a list, its list is suggested, else its sender', () => {
  const source = { sender: 'bot@example.org', listId: null, subject: 'Re: [ci] Build 12 of postroom failed' }
  expect(suggestionsFor(source).map(({ condition, chosen }) => [condition.field, condition.value, chosen])).toEqual([
    ['from', 'bot@example.org', true],
    ['subject', '[ci]', false],
    ['subject', 'Build', false],
    ['subject', 'postroom', false],
    ['subject', 'failed', false]
  ])
  const listed = suggestionsFor({ ...source, listId: 'Builds <builds.example.org>', subject: '' })
  expect(listed.map(({ condition, chosen }) => [condition.field, condition.value, chosen])).toEqual([
    ['list', 'builds.example.org', true],
    ['from', 'bot@example.org', false]
  ])
})

test.each([
  ['<a.example.org>', 'a.example.org'],
  ['"A <b>" <a.example.org>', 'a.example.org'],
  ['a.example.org', 'a.example.org'],
  ['two words', null],
  ['', null]
])('the id of a list is what stands in angle brackets, or one word alone: %j', (header, id) => {
  expect(idOfList(header)).toBe(id)
})

test('a subject without letters suggests nothing', () => {
  expect(wordsOf('Re: 12345 !!!')).toEqual([])
})

test.each(['Antw: Angebot', 'Rif: Angebot', 'VS: Angebot', 'Re[2]: Angebot', '转发：Angebot'])(
  'nothing is suggested of what programs put in front of a subject: %s',
  (subject) => {
    expect(wordsOf(subject)).toEqual(['Angebot'])
  }
)
