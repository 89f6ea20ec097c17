import { expect, test } from 'vitest'
import { inertHtml } from './inert-html.ts'
import { timesAsLong } from '../../../tests/processor-time.ts'

test.each([
  ['<p style="color: red">', '<p data-style="color: red">'],
  ["<p class=x STYLE = 'a' id=y>", "<p class=x data-style = 'a' id=y>"],
  ['<p/style=x/onclick=y>', '<p/data-style=x/onclick=y>'],
  ['<p title="a"style="b"onload="c">', '<p title="a"data-style="b"data-onload="c">'],
  ['<img src=x onerror=alert(1) style=y>', '<img src=x data-onerror=alert(1) data-style=y>'],
  ['<p title="> style=1" style="2">', '<p title="> style=1" data-style="2">'],
  ['<p title=don\'t style=a> a style="b" it\'s', '<p title=don\'t data-style=a> a style="b" it\'s']
])('what %j would apply or run has another name', (html, inert) => {
  expect(inertHtml(html).html).toBe(inert)
})

test.each([
  ['<style>p { } <p style="x"></style>', '', { css: 'p { } <p style="x">', media: '' }],
  ['a<STYLE type="text/css" media=\'print\'><!-- p{} --></STYLE >b', 'ab', { css: ' p{} ', media: 'print' }],
  ['<style title=">" media="(width < 9px)">p{}', '', { css: 'p{}', media: '(width < 9px)' }]
])('of %j the sheet stands apart', (source, html, sheet) => {
  expect(inertHtml(source)).toEqual({ html, sheets: [sheet] })
})

test.each([
  ['<style-guide a="b">x</style-guide>', '<style-guide a="b">x</style-guide>'],
  ['<script-x style=a>x<p style=b>', '<script-x data-style=a>x<p data-style=b>'],
  ['<title-x style=a></title>', '<title-x data-style=a></title>'],
  ['<\u017ftyle>x', '<\u017ftyle>x'],
  ['<style\u00a0>x', '<style\u00a0>x'],
  ['<title></title-x><p style=a></title\n><p style=b>', '<title></title-x><p style=a></title\n><p data-style=b>']
])('the names of elements in %j are read to their ends', (source, html) => {
  expect(inertHtml(source)).toEqual({ html, sheets: [] })
})

test.each(['p{}</styles>q{}', 'p{}</styles q{}', 'p{}</style-x>q{}', 'p{}</\u017ftyle>q{}'])(
  'nothing in %j ends a sheet',
  (css) => {
    expect(inertHtml(`<style>${css}</style x>a`)).toEqual({ html: 'a', sheets: [{ css, media: '' }] })
  }
)

test('a base is none', () => {
  expect(inertHtml('<base href="https://a.example/"><basefont><base-x>').html).toBe('<wbr><basefont><base-x>')
})

test.each([
  'set style="x" and onclick=y, 1 < 2 style=z',
  '<!-- <p title=" --> style=x <!-- style=y',
  '<title>p { } <p style="x"></title>',
  '<p data-style="x" styles=y>',
  '</p style="x">',
  '<p title="never closed style="x">'.replace('"x">', '')
])('%j stays as it is', (html) => {
  expect(inertHtml(html)).toEqual({ html, sheets: [] })
})

test.each([
  ...['<a "', '<p style="', "<p '=", '<!--', '<a a= ', '<p =style=', '<style-x>', '<title></title-x'],
  ...['<style>', '<style a="', '<style></style', '<style></style ', '<style></styles>', '</style', '<style "">']
])('a megabyte of %j takes no longer than one of text', (piece) => {
  const html = piece.repeat(1_000_000 / piece.length)
  expect(timesAsLong(() => inertHtml(html))).toBeLessThan(200)
})
