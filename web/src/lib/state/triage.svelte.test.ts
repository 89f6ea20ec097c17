import { listed } from '../../../tests/listed.ts'
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
