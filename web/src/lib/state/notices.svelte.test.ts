import { Notices } from '#lib/state/notices.svelte.ts'
import { expect, test } from 'vitest'

function notices(actions: number): { said: Notices; undone: number[] } {
  const said = new Notices()
  const undone: number[] = []
  for (let number = 0; number < actions; number += 1) {
    said.say(`did ${number}`, { run: () => undone.push(number), done: `undid ${number}` })
  }
  return { said, undone }
}

test('what a notice says can be undone from it, once', () => {
  const { said, undone } = notices(1)
  said.shown?.undo?.()
  expect(undone).toEqual([0])
  expect(said.shown).toEqual({ text: 'undid 0', undo: null, again: null, timed: null })
  said.undoLast()
  expect([undone, said.canUndo]).toEqual([[0], false])
})

test('actions are undone one by one, the last first, also after their notice is gone', () => {
  const { said, undone } = notices(3)
  said.hide()
  said.undoLast()
  said.undoLast()
  expect(undone).toEqual([2, 1])
})

test('the last twenty actions can be undone', () => {
  const { said, undone } = notices(25)
  for (let times = 0; times < 25; times += 1) said.undoLast()
  expect(undone).toEqual(Array.from({ length: 20 }, (_, at) => 24 - at))
})
