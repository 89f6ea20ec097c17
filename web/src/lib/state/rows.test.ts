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
