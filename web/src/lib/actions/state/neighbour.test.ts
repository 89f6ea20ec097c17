import type { Row } from '#lib/state/mail.ts'
import { neighbourOf } from '#lib/actions/state/neighbour.ts'
import { expect, test } from 'vitest'

function listOf(...ids: (string | undefined)[]) {
  return {
    total: ids.length,
    row: (index: number) => (ids[index] === undefined ? undefined : ({ threadId: ids[index] } as Row)),
    indexOf: (id: string) => (ids.includes(id) ? ids.indexOf(id) : undefined)
  }
}

test('the next older conversation follows, and those that leave with it are skipped', () => {
  const list = listOf('a', 'b', 'c', 'd')
  expect(neighbourOf(list, 'b', new Set(['b']))).toBe('c')
  expect(neighbourOf(list, 'b', new Set(['b', 'c']))).toBe('d')
  expect(neighbourOf(list, 'b', new Set(['b']), 'newer')).toBe('a')
})

test('at the end of the list it is the nearest on the other side', () => {
  const list = listOf('a', 'b', 'c')
  expect(neighbourOf(list, 'c', new Set(['c']))).toBe('b')
  expect(neighbourOf(list, 'a', new Set(['a']), 'newer')).toBe('b')
})

test('none follows if all leave, or if the next one is not loaded', () => {
  expect(neighbourOf(listOf('a', 'b'), 'a', new Set(['a', 'b']))).toBeUndefined()
  expect(neighbourOf(listOf('a', undefined, 'c'), 'a', new Set(['a']))).toBeUndefined()
  expect(neighbourOf(listOf('a'), 'elsewhere', new Set())).toBeUndefined()
})
