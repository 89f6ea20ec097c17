// @vitest-environment jsdom
import { expect, test } from 'vitest'
import { foldQuote } from './quotes.ts'

function folded(html: string): string {
  document.body.innerHTML = html
  foldQuote(document.body, 'Show quoted text')
  return document.body.innerHTML
}

const FOLD = (quote: string) =>
  `<details class="quote" data-fold=""><summary aria-label="Show quoted text">···</summary>${quote}</details>`

test.each([
  '<blockquote type="cite">q</blockquote>',
  '<div class="gmail_quote">On Monday:<blockquote class="gmail_quote">q</blockquote></div>',
  '<div class="yahoo_quoted">q</div>',
  '<blockquote>q<blockquote>r</blockquote></blockquote>'
])('the quote below the text is folded, with all quotes inside of it: %s', (quote) => {
  expect(folded(`<p>a</p>${quote}<br> `)).toBe(`<p>a</p>${FOLD(quote)}<br> `)
})

test('a mark that begins a quote takes all that follows it', () => {
  expect(folded('<p>a</p><div id="divRplyFwdMsg">From: b</div><p>q</p>')).toBe(
    `<p>a</p>${FOLD('<div id="divRplyFwdMsg">From: b</div><p>q</p>')}`
  )
})

test.each([
  ['that is answered below', '<p>a</p><blockquote>q</blockquote><p>b</p>'],
  ['above a picture', '<p>a</p><blockquote>q</blockquote><img>'],
  ['that is the whole mail', '<div> </div><blockquote>q</blockquote>'],
  ['behind nothing but a style', '<style>p{}</style><blockquote>q</blockquote>']
])('a quote %s stays open', (_, html) => {
  expect(folded(html)).toBe(html)
})

test.each(['<p>On Monday Mara wrote:</p> ', '<div>On Monday Mara wrote:<br></div><br>', 'On Monday Mara wrote:<br>'])(
  'the line that introduces the quote is folded with it, as in plain text: %s',
  (line) => {
    const quote = '<blockquote>q</blockquote>'
    expect(folded(`a<br>${line}${quote}`)).toBe(`a<br>${FOLD(line + quote)}`)
  }
)

test.each(['<p>Yours,<br>Mara</p>', 'He said <i>this</i>:', '<p>a</p><img>', `<p>${'long '.repeat(50)}:</p>`])(
  'what does not introduce the quote stays open: %s',
  (text) => {
    const quote = '<blockquote>q</blockquote>'
    expect(folded(`<p>a</p>${text}${quote}`)).toBe(`<p>a</p>${text}${FOLD(quote)}`)
  }
)

test('an introduction that is all there is stays open', () => {
  expect(folded('<p>Mara wrote:</p><blockquote>q</blockquote>')).toBe(
    `<p>Mara wrote:</p>${FOLD('<blockquote>q</blockquote>')}`
  )
})
