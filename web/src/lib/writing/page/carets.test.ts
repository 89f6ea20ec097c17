// @vitest-environment jsdom
import { placeIn, rangeAt } from '#lib/writing/page/caret-place.ts'
import { caretOf, keepCaret } from '#lib/writing/page/carets.ts'
import { expect, test } from 'vitest'

/** What stands before the cursor. */
function before(root: Node, { startContainer, startOffset }: Range): string {
  const range = document.createRange()
  range.setStart(root, 0)
  range.setEnd(startContainer, startOffset)
  const box = document.createElement('div')
  box.append(range.cloneContents())
  return box.innerHTML
}

function rangeFrom(node: Node, place: number): Range {
  const range = document.createRange()
  range.setStart(node, place)
  return range
}

function rootOf(html: string): HTMLElement {
  const root = document.createElement('div')
  root.innerHTML = html
  return root
}

const LINES = '<div>Hi <b>Ann</b>,</div><div><br></div><div><br></div><div>the<br>offer</div><ul><li>one</li></ul>'

test('the cursor is found again at each place of a text, also on its empty lines', () => {
  const root = rootOf(LINES)
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ALL)
  let seen = 0
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const places = node instanceof Text ? node.length : node.nodeName === 'DIV' ? 0 : -1
    // The end of a text is also the start of a format that begins there.
    for (let place = node.parentNode?.nodeName === 'B' ? 1 : 0; place <= places; place += 1, seen += 1) {
      const found = rangeAt(root, placeIn(root, rangeFrom(node, place)))
      const expected = node.firstChild instanceof Text ? node.firstChild : node
      expect([before(root, found), found.collapsed]).toEqual([before(root, rangeFrom(expected, place)), true])
    }
  }
  expect(seen).toBe(27)
})

test.each([
  ['a line that is broken', '<div>One<br>two</div>', '<div><div>One</div><div>two</div></div>'],
  [
    'a line that has a mark at its end',
    '<ol><li>One<br></li></ol><div>two</div>',
    '<ol><li>One</li></ol><div>two</div>'
  ],
  ['a format that is empty', '<div>One<b></b></div><div>two</div>', '<div>One</div><div>two</div>'],
  ['a line that was parted at a blank', '<div>One </div><div> two</div>', '<div>One</div><div>two</div>']
])('the cursor is at the same letter when the editor makes other elements of %s', (_, written, anew) => {
  const [one, other] = [rootOf(written), rootOf(anew)]
  const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT)
  const texts = [walker.nextNode(), walker.nextNode()]
  const second = texts[1] as Text
  const { startContainer, startOffset } = rangeAt(other, placeIn(one, rangeFrom(second, second.data.indexOf('w'))))
  expect([startContainer.nodeValue, startOffset]).toEqual(['two', 1])
})

test('in a text that is shorter now it is the end', () => {
  const root = document.createElement('div')
  root.textContent = 'Hi'
  expect(placeIn(root, rangeAt(root, 99))).toBe(2)
})

test('a cursor behind what was deleted is at the end of what is left', () => {
  const root = document.createElement('div')
  root.innerHTML = '<div>Hi</div>'
  const line = root.firstElementChild as Element
  const places = [line, line.firstChild as Text].map((node) => placeIn(root, { startContainer: node, startOffset: 9 }))
  expect(places).toEqual([3, 3])
})

test('a draft that was never closed begins at its start', () => {
  keepCaret('d1', 7)
  expect([caretOf('d1'), caretOf('d2')]).toEqual([7, 0])
})

test('a text without lines begins at its start', () => {
  const root = document.createElement('div')
  root.textContent = 'Hi'
  expect(placeIn(root, rangeAt(root, 0))).toBe(0)
})

test('a reply begins on its empty first line, not in the signature below it', () => {
  const root = document.createElement('div')
  root.innerHTML = '<div><br></div><div>-- </div><div>Nora</div>'
  const range = rangeAt(root, 0)
  expect([range.startContainer, range.startOffset, range.collapsed]).toEqual([root.firstChild, 0, true])
})
