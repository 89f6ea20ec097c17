import { describe, expect, test } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'
import { unreadThreads } from './counts.ts'
import { Objects } from './objects.ts'

const SEEN = { keywords: { $seen: true } }

function filled(): { server: ModelServer; objects: Objects } {
  const server = new ModelServer()
  server.deliver({ threadId: 'a' })
  server.deliver({ threadId: 'a' })
  server.deliver()
  const objects = new Objects()
  objects.putEmails([...server.emails.values()])
  objects.putMailboxes(server.mailboxes())
  return { server, objects }
}

describe('what is not in use', () => {
  test('is forgotten, the oldest first, with conversations of which nothing is left', () => {
    const { objects } = filled()
    objects.forgetUnused([], 1)
    expect([objects.baseOf('e1'), objects.baseOf('e2'), objects.baseOf('e3')?.id]).toEqual([undefined, undefined, 'e3'])
    expect([objects.thread('a'), objects.thread('t3')]).toEqual([[], ['e3']])
  })

  test('is more than the conversations of listed emails and of pending patches', () => {
    const { objects } = filled()
    objects.setPending([{ emailIds: ['e3'], ...SEEN }])
    objects.forgetUnused(['e2'], 0)
    expect(['e1', 'e2', 'e3'].map((id) => objects.baseOf(id)?.id)).toEqual(['e1', 'e2', 'e3'])
  })

  test('stays while it is little', () => {
    const { objects } = filled()
    objects.forgetUnused([], 3)
    expect(objects.baseOf('e1')?.id).toBe('e1')
  })
})

describe('a pending patch', () => {
  test('is shown and leaves the facts alone', () => {
    const { objects } = filled()
    objects.setPending([{ emailIds: ['e1'], ...SEEN }])
    expect(objects.email('e1')?.keywords).toEqual({ $seen: true })
    expect(objects.baseOf('e1')?.keywords).toEqual({})
  })

  test('that takes the place of another one is shown instead of it', () => {
    const { objects } = filled()
    objects.setPending([{ emailIds: ['e1'], ...SEEN }])
    expect(objects.email('e1')?.keywords).toEqual({ $seen: true })
    objects.setPending([{ emailIds: ['e1'], keywords: { work: true } }])
    expect(objects.email('e1')?.keywords).toEqual({ work: true })
  })

  test('that is refused leaves no trace', () => {
    const { objects } = filled()
    const before = objects.email('e1')
    objects.setPending([{ emailIds: ['e1'], ...SEEN }])
    objects.setPending([])
    expect(objects.email('e1')).toEqual(before)
  })

  test('moves an email, and takes it away for good', () => {
    const { objects } = filled()
    objects.setPending([
      { emailIds: ['e1'], mailboxIds: { inbox: false, trash: true } },
      { emailIds: ['e2'], destroyed: true }
    ])
    expect([objects.email('e1')?.mailboxIds, objects.email('e2')]).toEqual([{ trash: true }, undefined])
    expect(objects.baseOf('e2')?.mailboxIds).toEqual({ inbox: true })
  })

  test('stays on top of facts that arrive late', () => {
    const { objects } = filled()
    objects.setPending([{ emailIds: ['e1'], ...SEEN }])
    objects.updateEmails([{ id: 'e1', mailboxIds: { inbox: true }, keywords: { $flagged: true } }])
    expect(objects.email('e1')?.keywords).toEqual({ $flagged: true, $seen: true })
  })

  test('patches lie over each other in their order', () => {
    const { objects } = filled()
    objects.setPending([
      { emailIds: ['e1'], ...SEEN },
      { emailIds: ['e1'], keywords: { $seen: false } }
    ])
    expect(objects.email('e1')?.keywords).toEqual({})
  })
})

describe('unread conversations', () => {
  test('fall by one when all messages of one are read, not before', () => {
    const { objects } = filled()
    expect(unreadThreads(objects, 'inbox')).toBe(2)
    objects.setPending([{ emailIds: ['e1'], ...SEEN }])
    expect(unreadThreads(objects, 'inbox')).toBe(2)
    objects.setPending([{ emailIds: ['e1', 'e2'], ...SEEN }])
    expect(unreadThreads(objects, 'inbox')).toBe(1)
  })

  test('are not counted twice once the server has counted them', () => {
    const { server, objects } = filled()
    objects.setPending([{ emailIds: ['e1', 'e2'], ...SEEN }])
    server.update('e1', SEEN)
    server.update('e2', SEEN)
    objects.putEmails([...server.emails.values()])
    objects.putMailboxes(server.mailboxes())
    expect(unreadThreads(objects, 'inbox')).toBe(1)
  })
})

test('a thread lists its emails oldest first, without those that are gone', () => {
  const { server, objects } = filled()
  objects.putEmails([server.deliver({ threadId: 'a' })])
  objects.removeEmails(['e2'])
  expect(objects.thread('a')).toEqual(['e1', 'e4'])
})
