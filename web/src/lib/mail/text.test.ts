import { expect, test } from 'vitest'
import { textOf } from './text.ts'
import { timesAsLong } from '../../../tests/processor-time.ts'

test.each([
  ['<p>One</p><p>Two &amp; three</p>', 'One\nTwo & three'],
  ['a<br>b<BR/>c<hr>d', 'a\nb\nc\nd'],
  ['<head><title>T</title></head><STYLE>p{}</STYLE >x<script>if (a<b) c()</script>y<!-- <b>z</b> -->!', 'x y !'],
  ['a  \n b<b>c</b>\td', 'a bc d'],
  ['1 < 2 and 3', '1 < 2 and 3'],
  ['<style>never closed', 'never closed'],
  ['<header>h</header><brand>b', 'hb'],
  ['<p>a</p><p></p><p></p><p>b</p>', 'a\n\nb'],
  ['&lt;b&gt;&#65;&#x42;&nbsp;&none;', '<b>AB &none;'],
  ['', '']
])('the text of %j is %j', (html, text) => {
  expect(textOf(html)).toBe(text)
})

test.each(['<', '<style', '<!--', '<br ', '</p ', '&', '&nbsp;', ' ', '<a>\n', '</style '])(
  'a megabyte of %j takes no longer than a moment',
  (piece) => {
    const html = piece.repeat(1_000_000 / piece.length)
    expect(timesAsLong(() => textOf(html))).toBeLessThan(1_000)
  }
)
