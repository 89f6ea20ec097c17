// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import { cleanFragment, cleanHtml, quoteHtml } from './quote-html.ts'
import { cleanStyle } from './quote-style.ts'
import { timesAsLong } from '../../../../tests/processor-time.ts'

describe('a quote', () => {
  test.each([
    [
      'words, lists and tables',
      '<p>a <b>b</b></p><ul><li>c</li></ul><table border="1"><tbody><tr><td colspan="2">d</td></tr></tbody></table>'
    ],
    ['links', '<a href="https://example.org/x">x</a><a href="mailto:a@example.org">y</a>'],
    ['pictures that came along', '<img src="cid:p@x" alt="A" width="20">'],
    ['quotes within it', '<blockquote type="cite">a</blockquote>'],
    ['colours and letters', '<span style="color: rgb(18, 52, 86); font-weight: bold;">a</span>']
  ])('keeps %s', (_, html) => {
    expect(quoteHtml(html)).toBe(html)
  })

  test.each([
    ['styles of a page', '<style>p{color:red}</style><p>a</p>', '<p>a</p>'],
    ['scripts', '<script>x()</script><p onclick="x()">a</p>', '<p>a</p>'],
    ['names', '<p id="a" class="b" name="c">a</p>', '<p>a</p>'],
    ['what names itself to others', '<p role="alert" aria-live="assertive" tabindex="0" title="x">a</p>', '<p>a</p>'],
    ['places', '<p style="position:fixed;top:0;left:0;color:red;z-index:9">a</p>', '<p style="color: red;">a</p>'],
    ['addresses in styles', '<p style="background:url(//a.example);color:red">a</p>', '<p style="color: red;">a</p>'],
    [
      'remote pictures, whose description stays',
      '<img src="https://a.example/x" alt="Logo"><img src="//a.example/y">',
      'Logo'
    ],
    ['pictures with data', '<img src="data:image/png;base64,AA" alt="">', ''],
    ['pictures of this page', '<img src="blob:https://a.example/1" data-cid="x">', ''],
    [
      'backgrounds',
      '<table background="https://a.example/x"><tbody><tr><td>a</td></tr></tbody></table>',
      '<table><tbody><tr><td>a</td></tr></tbody></table>'
    ],
    [
      'links that run',
      '<a href="javascript:x()">a</a><a href="data:text/html,x">b</a><a href="/x" ping="//a" target="_top" download>c</a>',
      '<a>a</a><a>b</a><a>c</a>'
    ],
    [
      'the marks of our own editor',
      '<div data-signature="" data-quote="" data-cid="x" data-x="y"><a data-href="https://a.example">a</a></div>',
      '<div><a>a</a></div>'
    ],
    [
      'forms, but not what they say',
      '<form action="//a"><p>a</p><input autofocus><button>b</button></form>',
      '<p>a</p>'
    ],
    [
      'frames and players',
      '<iframe src="//a"></iframe><video src="//a" poster="//b"></video><object data="//a"></object>a',
      'a'
    ],
    ['other languages of markup', '<svg><a href="//a">x</a></svg><math><mi>y</mi></math>a', 'a'],
    ['sets of frames', '<html><frameset><frame src="//a"></frameset></html>', ''],
    ['metadata', '<meta http-equiv="refresh" content="0;//a"><base href="//a"><link rel="preconnect" href="//a">a', 'a']
  ])('loses %s', (_, html, quote) => {
    expect(quoteHtml(html)).toBe(quote)
  })

  test('that is large or deep is not edited', () => {
    expect(quoteHtml('a'.repeat(1_000_001))).toBeNull()
    expect(quoteHtml('<p>'.repeat(50_000))).toBeNull()
    expect(quoteHtml('<div>'.repeat(150) + 'a')).toBeNull()
    expect(quoteHtml('<div>'.repeat(50) + 'a')).toContain('a')
  })
})

describe('what a draft holds', () => {
  test('keeps the marks of our editor, and its pictures by their Content-ID', () => {
    const html =
      '<div data-signature="">a</div><div data-quote="">b</div><img src="blob:https://a.example/1" data-cid="p@x" alt="c">'
    expect(cleanHtml(html)).toBe('<div data-signature="">a</div><div data-quote="">b</div><img alt="c" src="cid:p@x">')
  })

  test('is never too large: it would be lost', () => {
    expect(cleanHtml('a'.repeat(1_000_001))).toHaveLength(1_000_001)
  })

  test('is the same after it was cleaned once more', () => {
    for (const html of [
      '<p style="margin:1px 2px;color:RGB(1,2,3)">a&nbsp;&lt;b</p>',
      '<td>a',
      '<ul><p>x<li>y',
      '<img src=cid:a%40b>'
    ]) {
      const once = cleanHtml(html)
      expect(cleanHtml(once)).toBe(once)
    }
  })

  test('is put into the editor as nodes', () => {
    const fragment = cleanFragment('<div>a</div><script>x()</script>')
    expect([...fragment.childNodes].map(({ nodeName }) => nodeName)).toEqual(['DIV'])
  })

  test('has links in the editor that lead nowhere, and keeps them when they are moved there', () => {
    const box = document.createElement('div')
    box.append(
      cleanFragment('<a href="tel:1">a</a><a data-href="https://b.example/">b</a><a data-href="javascript:x">c</a>')
    )
    expect(box.innerHTML).toBe('<a data-href="tel:1">a</a><a data-href="https://b.example/">b</a><a>c</a>')
    expect(cleanHtml(box.innerHTML)).toBe('<a href="tel:1">a</a><a href="https://b.example/">b</a><a>c</a>')
  })

  test('has pictures in the editor that ask for nothing', () => {
    const box = document.createElement('div')
    box.append(
      cleanFragment('<img src="cid:a%40b" alt="c"><img data-cid="d"><img src="blob:https://a.example/1" data-cid="e">')
    )
    expect(box.innerHTML).toBe(
      '<img alt="c" data-cid="a@b"><img data-cid="d"><img src="blob:https://a.example/1" data-cid="e">'
    )
    expect(cleanHtml(box.innerHTML)).toBe('<img alt="c" src="cid:a@b"><img src="cid:d"><img src="cid:e">')
  })
})

describe('a style', () => {
  test.each([
    ['margin: 0 0 0 0.8ex; border-left: 1px solid #ccc', 'margin: 0 0 0 0.8ex; border-left: 1px solid #ccc'],
    ["font-family: 'Segoe UI', Arial, sans-serif", "font-family: 'Segoe UI', Arial, sans-serif"],
    ['color: rgba(1, 2, 3, .5) !important', 'color: rgba(1, 2, 3, .5)'],
    ['COLOR: Red', 'color: Red'],
    ['margin-left: -100px', ''],
    ['margin: 10000px', ''],
    ['font-size: 900vw', ''],
    ['color: var(--x)', ''],
    ['color: expression(alert(1))', ''],
    ['color: re\\64', ''],
    ['background: red', ''],
    ['width: 9px; height: 9px; float: left; opacity: 0; transform: none; content: "x"; --x: y', ''],
    ['color: red /* ; */; x', ''],
    ['', '']
  ])('%j becomes %j', (style, clean) => {
    expect(cleanStyle(style)).toBe(clean)
  })

  test('that never ends takes no time', () => {
    for (const piece of ['a', '1', 'a ', '1,', '(', "'a'", 'rgb(', 'color:a;', 'color:1 ']) {
      const style = `color: ${piece.repeat(100_000)}!`
      expect(
        timesAsLong(() => cleanStyle(style)),
        piece
      ).toBeLessThan(50)
    }
  })
})
