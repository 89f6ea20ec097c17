import { countsOf } from '#lib/store/counts.ts'
import { overlaid } from '#lib/store/overlay.ts'
import { mailboxQuery } from '#lib/store/query.ts'
import { Objects } from '#lib/store/objects.ts'
import type { Session } from '#lib/sync/session.ts'
import { noteHeld } from '#lib/sync/held-emails.ts'
import { expect, test } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'

const SENT = mailboxQuery('sent')

/** Two sent messages, e1 and e2. */
function session(): { of: Session; objects: Objects; told: string[] } {
  const server = new ModelServer()
  for (let number = 0; number < 2; number += 1)
    server.deliver({ mailboxIds: { sent: true }, keywords: { $seen: true } })
  const objects = new Objects()
  objects.putEmails([...server.emails.values()])
  const rights = { id: 'sent', role: 'sent', totalEmails: 2, unreadThreads: 0 }
  objects.putMailboxes([rights as Parameters<Objects['putMailboxes']>[0][number]])
  const told: string[] = []
  const of = { objects, changed: (...topics: string[]) => told.push(...topics) } as unknown as Session
  return { of, objects, told }
}

function rows(objects: Objects): readonly string[] {
  const list = { total: 2, queryState: 's', windows: [{ from: 0, ids: ['e2', 'e1'] }] }
  return overlaid(list, SENT, objects).windows.flatMap(({ ids }) => ids)
}

test('what the mail server holds is neither in Sent nor counted there, until it has left', () => {
  const { of, objects, told } = session()
  noteHeld(of, 'device', new Set(['e2']))
  expect([rows(objects), countsOf(objects, 'sent').totalEmails]).toEqual([['e1'], 1])
  expect(told).toEqual(['account', 'list'])
  noteHeld(of, 'device', new Set())
  expect([rows(objects), countsOf(objects, 'sent').totalEmails]).toEqual([['e2', 'e1'], 2])
})

test('an action beside it neither shows it nor is shown by it: only the action waits for the mail server', () => {
  const { of, objects } = session()
  noteHeld(of, 'device', new Set(['e2']))
  objects.setPending([{ emailIds: ['e1'], keywords: { $flagged: true } }])
  expect([rows(objects), objects.isPending('e1'), objects.isPending('e2')]).toEqual([['e1'], true, false])
  objects.setPending([])
  expect(rows(objects)).toEqual(['e1'])
})
