// @vitest-environment jsdom
import { editable, takeColours } from '#lib/writing/page/editable.ts'
import { asWritten, showPictures } from '#lib/writing/page/written.ts'
import { expect, test } from 'vitest'

test('the draft names a picture by its Content-ID, not by an address of this device', () => {
  const html = '<p>Look: <img src="blob:https://x/1" data-cid="a@b" alt="three > two" class="chosen" width="40"></p>'
  expect(asWritten(html)).toBe('<p>Look: <img alt="three > two" width="40" src="cid:a@b"></p>')
})

test('a picture whose content is not here yet is kept, one without a name is not', () => {
  expect(asWritten('<img data-cid="a@b" alt="x">')).toBe('<img alt="x" src="cid:a@b">')
  expect(asWritten('<p>a<img src="https://tracker.example/x.png">b</p>')).toBe('<p>ab</p>')
})

test('no text of a message is taken for a picture', () => {
  expect(asWritten('<p>&lt;img src="x"&gt; <b>b</b></p>')).toBe('<p>&lt;img src="x"&gt; <b>b</b></p>')
})

test('pictures are shown as soon as this device has them', () => {
  document.body.innerHTML = '<img data-cid="a"><img data-cid="b">'
  showPictures(document.body, (cid) => (cid === 'a' ? 'blob:a' : null))
  expect([...document.images].map(({ src }) => src)).toEqual(['blob:a', ''])
  showPictures(document.body, (cid) => `blob:${cid}`)
  expect([...document.images].map(({ src }) => src)).toEqual(['blob:a', 'blob:b'])
})

test('what was written is written again as it was', () => {
  for (const html of [
    '<div>One <b>two</b></div><div><br></div>',
    '<div>Look: <img alt="a" src="cid:a@b"></div>',
    '<div>See <a href="https://a.example/?a=1&amp;b=2">data-href="x"</a></div>',
    '<div data-quote="">Ann wrote:<blockquote type="cite">Come?</blockquote></div>'
  ]) {
    const box = document.createElement('div')
    box.append(editable(html))
    expect(box.querySelector('img[src^="cid:"], [href]')).toBeNull()
    expect(asWritten(box.innerHTML)).toBe(html)
  }
})

test('what Squire renames has its name already, with its style', () => {
  const box = document.createElement('div')
  box.append(editable('<p><strong style="color: red" dir="rtl">a</strong><tt>b</tt></p>'))
  expect(box.innerHTML).toBe('<p><b dir="rtl" style="color: red;">a</b><code>b</code></p>')
})

test('what is pasted loses its colours, and nothing else', () => {
  const box = document.createElement('div')
  box.append(editable('<p style="color: white; font-weight: bold">a<font color="white" size="4">b</font></p>'))
  takeColours(box)
  expect(box.innerHTML).toBe('<p style="font-weight: bold;">a<font size="4">b</font></p>')
})
