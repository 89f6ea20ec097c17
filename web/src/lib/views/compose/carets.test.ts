// @vitest-environment jsdom
import { caretOf, keepCaret, placeIn, rangeAt } from '#lib/views/compose/carets.ts'
import { expect, test } from 'vitest'

test('the cursor is found again at each place of a text', () => {
  const root = document.createElement('div')
  root.innerHTML = '<div>Dear <b>Ann</b>,</div><div>the offer</div>'
  for (let place = 0; place <= root.textContent.length; place += 1) {
    const range = rangeAt(root, place)
    expect([placeIn(root, range), range.collapsed]).toEqual([place, true])
  }
})

test('in a text that is shorter now it is the end, in another text the start', () => {
  const root = document.createElement('div')
  root.textContent = 'Hi'
  expect(placeIn(root, rangeAt(root, 99))).toBe(2)
  const elsewhere = document.createRange()
  elsewhere.setStart(document.body, 0)
  expect(placeIn(root, elsewhere)).toBe(0)
})

test('a draft that was never closed begins at its start', () => {
  keepCaret('d1', 7)
  expect([caretOf('d1'), caretOf('d2')]).toEqual([7, 0])
})

test('a reply begins on its empty first line, not in the signature below it', () => {
  const root = document.createElement('div')
  root.innerHTML = '<div><br></div><div>-- </div><div>Nora</div>'
  const range = rangeAt(root, 0)
  expect([range.startContainer, range.startOffset, range.collapsed]).toEqual([root.firstChild, 0, true])
})
