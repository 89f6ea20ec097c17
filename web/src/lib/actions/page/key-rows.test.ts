import { ALL } from '#lib/commands/all.ts'
import { actions } from '#lib/words/en/actions.ts'
import { keyRows } from '#lib/actions/page/key-rows.ts'
import { expect, test } from 'vitest'

const rows = (['walk', 'sort', 'select', 'write'] as const).flatMap((group) => keyRows(group, actions))
const keysOf = (does: string) => rows.find((row) => row.does === does)?.keys

test('all keys of all commands are listed, and F6', () => {
  expect([keysOf('Undo'), keysOf('Select all'), keysOf('Next pane')]).toEqual([
    ['z', 'Ctrl+z'],
    ['* a', 'Ctrl+a'],
    ['F6']
  ])
  expect(new Set(rows.flatMap(({ keys }) => keys))).toEqual(new Set([...ALL.flatMap(({ keys }) => keys), 'F6']))
})
