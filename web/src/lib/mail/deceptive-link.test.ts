// @vitest-environment jsdom
import { expect, test } from 'vitest'
import { timesAsLong } from '../../../tests/processor-time.ts'
import { deceptiveLink } from './deceptive-link.ts'

test('the first deceptive link of a message is found', () => {
  const html = `<a href="https://a.de">a.de</a> <a class=x href='https://evil.ru/?a&amp;b'><b>https://bank&#46;de</b>/x</a>`
  expect(deceptiveLink(html)).toEqual({ shown: 'https://bank.de/x', target: 'https://evil.ru/?a&b' })
  expect(deceptiveLink('<a href=https://a.de>here</a>')).toBeNull()
  expect(deceptiveLink(html, ['bank.de'])).toBeNull()
})

const LINK = '<a href="https://evil.ru/">https://bank.de</a>'
test.each([
  `<article>${LINK}</article>`,
  `<!-- <a> -->${LINK}`,
  `<!--><a href="https://bank.de">-->${LINK}`,
  `<style><!--</style>${LINK}<!-- -->`,
  `${'İ'.repeat(50)}${LINK}`,
  '<a href=https://x.de>x</a>'.repeat(2_000) + LINK,
  `<a/href="https://evil.ru/">https://bank.de</a>`,
  `<a title=" href=https://bank.de " href="https://evil.ru/">https://bank.de</a>`,
  `<a title=">" href="https://evil.ru/">https://bank.de</a>`,
  `<a href="https://evil.ru/" href="https://bank.de/">https://bank.de</a>`,
  `<a href="https&colon;//evil.ru/">https://bank&period;de</a>`,
  `<a href="//evil.ru/">https://bank.de</a>`,
  `<a href="https://evil.ru/">https://bank.de`,
  `<a href="https://evil.ru/"><table title=">"><td>https://bank.de</td></table></a>`,
  `<a href="https://evil.ru/"><style>a</style>https://ba<!-- > -->nk.de</a>`,
  `<a href="https://evil.ru/">https://ba\u200bnk&shy;.de</a>`,
  `<a href="https://evil.ru/">https://bank。de</a>`,
  `<a href="https://evil.ru/">→ bank.de</a>`,
  `<a href="https://evil.ru/">https://bank.de.</a>`,
  `<a href="https://evil.ru/">https://me@bank.de/</a>`,
  `<a href="https://evil.ru/">${' '.repeat(1_100)}https://bank.de</a>`,
  `<a href="https://evil.ru/">${'<span>\n     </span>'.repeat(90)}https://bank.de</a>`,
  `<a href="https://evil.ru/">https://bank.de<svg><text> is safe</text></svg></a>`,
  `<a href="https://evil.ru/">https://bank.de<!x></a>`,
  `<a href="https://evil.ru/">https://bank.de<?x></a>`,
  `<a href="https://evil.ru/">https://bank.de</></a>`,
  `<a href="https://evil.ru/">https://ba<!x>nk.de</a>`,
  `<a href="https://evil.ru/">https://bank&#0000000046;de</a>`,
  `<a href="https://evil.ru/">https://bank.de),</a>`,
  `<a href="https://sites.google.com/view/evil.ru/?x=https://bank.de">https://bank.de</a>`,
  `<a href="https://sites.google.com/view/evil.ru/?q=https://bank.de">https://bank.de</a>`,
  `<a href="https://www.google.com/url?q=https://evil.ru/&x=https://bank.de">https://bank.de</a>`
])('a link that leads elsewhere is found in row %#', (html) => {
  expect(deceptiveLink(html)?.target).toMatch(/evil\.ru/)
})

test.each([
  '<a href="https://firma.de/"><p>Firma GmbH</p><p>https://www.firma.de</p><p>Tel. 030</p></a>',
  '<a href="https://firma.de/x"><div>https://firma.de</div><div>Read more now</div></a>',
  '<a href="https://github.com/a/b/issues/12">https://api.foo.de returns 500 (#12)</a>',
  '<a href="https://calendar.google.com/e">Meeting: https://zoom.us/j/1 12:00</a>',
  '<a href="https://www.google.com/url?sa=D&num=1&q=https://zoom.us/j/1">https://zoom.us/j/1</a>',
  '<a href="https://google.com/url?q=https://firma.de">firma.de</a>',
  '<!--[if mso]><a href="https://click.firma.de.example/">https://firma.de</a><![endif]-->',
  '<a href="https://bsky.app/profile/x">@ann.bsky.social</a>',
  '<a href="https://uni.example/berg">M.Sc.</a>'
])('no link of row %# deceives anybody', (html) => {
  expect(deceptiveLink(html)).toBeNull()
})

test('a hostile HTML takes no time', () => {
  const shown = '<a href="x">' + '<'.repeat(4_000)
  for (const part of [
    '<a ',
    '<a href="',
    '<a href=x>',
    `<a x="<a y='`,
    '<a href=x><!--',
    '<a =',
    shown,
    '<a href=x>&#'
  ])
    expect(
      timesAsLong(() => deceptiveLink(part.repeat(1_000_000 / part.length))),
      part
    ).toBeLessThan(300)
})
