// @vitest-environment jsdom
import { hasFormats, partPlain } from '#lib/writing/page/plain-text.ts'
import { takeQuote } from '#lib/writing/page/quotes.ts'
import { expect, test } from 'vitest'

function fragment(html: string): DocumentFragment {
  return document.createRange().createContextualFragment(html)
}

test('the quoted message at the end is taken out, with the line that says who wrote it', () => {
  const text = fragment('<p>Yes.</p><div>Ann wrote:<blockquote type="cite">Come?</blockquote></div>')
  expect(takeQuote(text)?.textContent).toBe('Ann wrote:Come?')
  expect(text.textContent).toBe('Yes.')
})

test.each([
  ['a quote that the person wrote on goes on below', '<p>a</p><blockquote type="cite">b</blockquote><p>c</p>'],
  ['a quote of the person themselves', '<p>a</p><blockquote>b</blockquote>'],
  ['a text that is nothing but a quote', '<blockquote type="cite">b</blockquote>'],
  [
    'a quote that may hold what nobody saw',
    '<p>a</p><div data-quote="whole"><blockquote type="cite">b</blockquote></div>'
  ],
  ['a text without one', '<p>a</p>'],
  ['nothing', '']
])('%s stays in sight', (_, html) => {
  const text = fragment(html)
  const before = text.textContent
  expect([takeQuote(text), text.textContent]).toEqual([null, before])
})

test('plain text is parted before the attribution, and nothing of it is lost', () => {
  for (const text of [
    'Yes.\n\nOn Monday, Ann wrote:\n> Come?\n> \n> Ann\n',
    'Yes.\n> Come?',
    'Yes.\n\nAnn wrote:\n\n> Come?',
    'Yes.',
    '> Come?',
    '',
    '\n\n> a'
  ]) {
    const { own, quote } = partPlain(text)
    expect(own + quote).toBe(text)
  }
  expect(partPlain('Yes.\n\nAnn wrote:\n> Come?').own).toBe('Yes.\n')
  expect(partPlain('Yes.\n> Come?\nNo.').quote).toBe('')
  expect(partPlain('Yes.\n\n> Come?').own).toBe('Yes.\n')
})

test.each([
  ['<div>One</div><div>two<br></div>', false],
  ['<div>1 &lt; 2</div><div data-quote="">Ann:<blockquote type="cite"><b>b</b></blockquote></div>', false],
  ['<div>One <b>two</b></div>', true],
  ['<ul><li>a</li></ul>', true],
  ['<div><img src="cid:a"></div>', true],
  ['', false]
])('to make plain text of %s loses formats: %s', (html, loses) => {
  expect(hasFormats(html)).toBe(loses)
})
