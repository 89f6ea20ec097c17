import { expect, test } from 'vitest'
import { ModelServer } from '../../../tests/model-server.ts'
import { Objects } from '#lib/store/objects.ts'
import { Rows } from './rows.ts'

test('a row whose emails did not change is the same object, and of those that were scrolled by few are kept', () => {
  const server = new ModelServer()
  for (let number = 0; number < 1_100; number += 1) {
    server.deliver()
  }
  const objects = new Objects()
  objects.putEmails([...server.emails.values()])
  const rows = new Rows(objects, () => false)
  const made = [...server.emails.keys()].map((id) => rows.row(id, false))
  expect(rows.row('e1100', false)).toBe(made.at(-1))
  expect(rows.last('e1')).toBeUndefined()
  expect(rows.row('e1', false)).toEqual(made[0])
})

test('what is new in a row is its newest unread message that another person wrote', () => {
  const server = new ModelServer()
  const own = { from: [{ name: null, email: 'me@example.org' }] }
  const newer = (minute: number) => ({ threadId: 't', receivedAt: `2026-11-26T12:0${minute}:00Z` })
  server.deliver(newer(1))
  server.deliver({ ...newer(2), keywords: { $seen: true } })
  server.deliver({ ...newer(3), ...own })
  server.deliver(own)
  const objects = new Objects()
  objects.putEmails([...server.emails.values()])
  const rows = new Rows(objects, (address) => address === 'me@example.org')
  expect([rows.row('e3', false)?.news, rows.row('e4', false)?.news]).toEqual([Date.UTC(2026, 10, 26, 12, 1), 0])
})
