import { expect, test } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'
import { randomFrom } from '../../../tests/random.ts'
import { countsOf, unreadThreads } from './counts.ts'
import { Objects, patched, type Patch } from './objects.ts'

function filled(server: ModelServer): Objects {
  const objects = new Objects()
  objects.putEmails([...server.emails.values()])
  objects.putMailboxes(server.mailboxes())
  return objects
}

test('any pending patches change the counts of mailboxes as the server will count them', () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const next = randomFrom(seed)
    const upTo = (count: number): number => Math.floor(next() * count)
    const server = new ModelServer()
    for (let number = 0; number < 12; number += 1) {
      const mailbox = ['inbox', 'sent', 'trash'][upTo(3)] ?? ''
      server.deliver({
        threadId: `t${upTo(6)}`,
        mailboxIds: { [mailbox]: true, ...(next() < 0.2 && { inbox: true }) },
        keywords: { ...(next() < 0.5 && { $seen: true }), ...(next() < 0.2 && { $draft: true }) }
      })
    }
    const objects = filled(server)
    const pending = Array.from({ length: 3 }, (): Patch => {
      const emailIds = [`e${1 + upTo(12)}`]
      const changes = [
        { mailboxIds: { inbox: false, trash: true } },
        { keywords: { $seen: next() < 0.5 } },
        { destroyed: true } as const
      ]
      return { emailIds, ...changes[upTo(3)] }
    })
    pending.forEach(({ emailIds: [id = ''], ...patch }) => {
      const email = server.emails.get(id)
      if (patch.destroyed) server.destroy(id)
      else if (email) server.emails.set(id, patched(email, { emailIds: [id], ...patch }))
    })
    objects.setPending(pending)
    for (const { id, totalEmails, unreadThreads: unread } of server.mailboxes()) {
      expect([seed, id, countsOf(objects, id)]).toEqual([seed, id, { totalEmails, unreadThreads: unread }])
    }
  }
})

test('counts follow each change of what is shown', () => {
  const server = new ModelServer()
  server.deliver()
  const objects = filled(server)
  expect(unreadThreads(objects, 'inbox')).toBe(1)
  objects.setPending([{ emailIds: ['e1'], keywords: { $seen: true } }])
  expect(unreadThreads(objects, 'inbox')).toBe(0)
  objects.setPending([])
  expect(unreadThreads(objects, 'inbox')).toBe(1)
})

test('a count that the server tells too low does not fall below nothing', () => {
  const server = new ModelServer()
  server.deliver()
  const objects = filled(server)
  objects.updateMailboxes([{ id: 'inbox', unreadThreads: 0, totalEmails: 0 }], [])
  objects.setPending([{ emailIds: ['e1'], destroyed: true }])
  expect(countsOf(objects, 'inbox')).toEqual({ unreadThreads: 0, totalEmails: 0 })
})

test('of a mailbox that is not known there is nothing', () => {
  expect(countsOf(new Objects(), 'gone')).toEqual({ unreadThreads: 0, totalEmails: 0 })
})
