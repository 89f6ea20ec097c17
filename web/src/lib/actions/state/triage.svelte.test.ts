import { listed } from '../../../../tests/listed.ts'
import { expect, test } from 'vitest'

test('work that fails leaves the keys on what the keyboard reaches', () => {
  const { page } = listed(3)
  page.cursor.current = 't1'
  const fail = (): never => {
    throw new Error('not now')
  }
  expect(() => page.triage.on(['t0'], fail)).toThrow('not now')
  expect(page.triage.targets).toEqual(['t1'])
})

test('a selection ends with the list that it was made in', () => {
  const { page } = listed(3)
  page.triage.toggle('t0')
  expect(page.triage.targets).toEqual(['t0'])
  Object.assign(page.mail, { list: Object.assign({}, page.mail.list, { key: 'sent' }) })
  expect([page.triage.isSelecting, page.triage.targets]).toEqual([false, []])
})

test('a range begins where the selection was made, wherever the keyboard is', () => {
  const { page } = listed(4)
  page.triage.toggle('t0')
  page.cursor.current = 't3'
  page.triage.widen('t1')
  expect(page.triage.targets).toEqual(['t0', 't1'])
})
