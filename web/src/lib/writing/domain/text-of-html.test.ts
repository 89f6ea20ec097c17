import { expect, test } from 'vitest'
import { htmlOfText } from './html-of-text.ts'
import { textOfHtml } from './text-of-html.ts'

test.each([
  ['<div>Hello</div><div><br></div><div>you</div>', 'Hello\n\nyou'],
  ['<div>a<br></div><div>b</div>', 'a\nb'],
  ['a<br>b<br><br>c', 'a\nb\n\nc'],
  ['<p>a</p><p>b</p>', 'a\n\nb'],
  ['<div>a\n  <b>b</b> <i>c</i></div>', 'a b c'],
  ['<div>a &lt;b&gt; &amp;&nbsp;&quot;c&quot; &#228;&#xe4;</div>', 'a <b> & "c" ää'],
  ['<ul><li>one</li><li>two<ul><li>deep</li></ul></li></ul>', '* one\n* two\n  * deep'],
  ['<ol start="3"><li><div>three</div><div>more</div></li><li>four</li></ol>', '3. three\n   more\n4. four'],
  ['<blockquote>a<div>b</div><blockquote>c</blockquote></blockquote><div>d</div>', '> a\n> b\n>> c\nd'],
  ['<blockquote><p>a</p><p>b</p></blockquote>', '> a\n>\n> b'],
  ['<blockquote><ul><li>a</li></ul></blockquote>', '> * a'],
  ['see <a href="https://example.org/x">this page</a>.', 'see this page <https://example.org/x>.'],
  ['<a href="https://example.org/">https://example.org</a>', 'https://example.org'],
  ['<a href="https://example.org/">example.org</a>', 'example.org'],
  ['<a href="mailto:mara@example.org">mara@example.org</a>', 'mara@example.org'],
  ['<a href="#x">here</a> <a>there</a>', 'here there'],
  ['<img src="cid:x" alt="A cat"> <img src="cid:y">', '[A cat]'],
  ['<div>see<img src="cid:x" alt="a.png"><img src="cid:y" alt="b.png">here</div>', 'see [a.png] [b.png] here'],
  ['<div><b>see</b> <img src="cid:x" alt="A cat">.</div><div>More</div>', 'see [A cat].\nMore'],
  ['<a href="https://example.org/"><img src="cid:x" alt="Our\nshop"></a>', '[Our shop] <https://example.org/>'],
  [
    '<pre>a  b\n  c</pre><div style="white-space: pre-wrap"> d\n<div>e  f</div></div><div>g  h</div>',
    'a  b\n  c\n d\ne  f\ng h'
  ],
  ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>', 'a\tb\nc\td'],
  ['a<hr>b', 'a\n----------\nb'],
  ['<h1>A</h1><div>b</div>', 'A\n\nb'],
  ['<div>Hello</div><div data-signature=""><div>Mara</div></div>', 'Hello\n-- \nMara'],
  ['<!-- x --><div>a<!-- > --></div>', 'a'],
  ['a <b', 'a <b'],
  ['', '']
])('%s', (html, text) => {
  expect(textOfHtml(html)).toBe(text)
})

test.each([
  'Hello\n\nyou',
  'a < b & c > "d"',
  '  indented\n    more',
  'Hello\n\nOn Monday, Mara wrote:\n> one\n>\n>> two\n> three\n\nBye',
  'Hello\n-- \nMara\nStreet 1',
  'Hello\n\n-- \nMara\n\nOn Monday, Mara wrote:\n> one',
  'Hello\n\n---------- Forwarded message ----------\nFrom: a\n\n> b',
  'שלום\n😀'
])('plain text stays what it is by way of HTML: %j', (text) => {
  expect(textOfHtml(htmlOfText(text))).toBe(text)
})

test('a text of quotes alone does not become as many elements', () => {
  const html = htmlOfText('>'.repeat(100_000))
  expect(html.split('<blockquote').length).toBeLessThan(30)
})
