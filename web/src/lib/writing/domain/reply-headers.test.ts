import { expect, test } from 'vitest'
import { messageIdFor, replyHeaders } from './reply-headers.ts'

test('a reply refers to the message and to all before it', () => {
  expect(replyHeaders({ messageId: ['c'], references: ['a', 'b'] })).toEqual({
    inReplyTo: ['c'],
    references: ['a', 'b', 'c']
  })
})

test('a long chain keeps its first and its last references', () => {
  const references = Array.from({ length: 100 }, (_, at) => String(at))
  const { references: kept } = replyHeaders({ messageId: ['own'], references })
  expect([kept?.length, kept?.[0], kept?.at(-1)]).toEqual([20, '0', 'own'])
})

test('a message without an id cannot be referred to', () => {
  expect(replyHeaders({ messageId: [], references: ['a'] })).toEqual({ inReplyTo: null, references: null })
})

test('a Message-ID lies in the domain of the sender', () => {
  expect(messageIdFor('me@example.org', 'x1')).toBe('x1@example.org')
})
