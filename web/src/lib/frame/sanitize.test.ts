// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import { MAX_CHARACTERS, MAX_TAGS } from '#lib/mail/large-html.ts'
import { sanitize, type Sanitized } from './sanitize.ts'
import { timesAsLong } from '../../../tests/processor-time.ts'

function clean(html: string, options: { allowRemote?: boolean; whole?: boolean; blocked?: string } = {}): Sanitized {
  const mail = sanitize(html, { allowRemote: false, showQuoted: 'Show quoted text', blocked: '', ...options })
  if (!mail) throw new Error('said to be too large')
  return mail
}

function bodyOf(html: string, options: { allowRemote?: boolean; blocked?: string } = {}): string {
  return /<body[^>]*>(.*)<\/body>/s.exec(clean(html, options).html)?.[1] ?? ''
}

describe('what stays of a mail', () => {
  test('text, tables, lists, styles and the attributes of the body', () => {
    const html =
      '<html><head><style>p{color:red}</style></head><body bgcolor="#eee"><table role="presentation"><tbody><tr><td>a</td></tr></tbody></table></body></html>'
    expect(clean(html)).toMatchObject({
      html: '<head></head><body bgcolor="#eee"><table role="presentation"><tbody><tr><td>a</td></tr></tbody></table></body>',
      sheets: [{ css: 'p{color:red}', media: '' }]
    })
  })

  test('styles of elements, under a name by which no browser applies them here', () => {
    expect(bodyOf('<p style="color:red">x</p>')).toBe('<p data-style="color:red">x</p>')
  })

  test('a word that is longer than a line may break, and no other', () => {
    const long = 'x'.repeat(40)
    expect(bodyOf(`<p>a ${long} b <b>${'y'.repeat(39)}</b></p>`)).toBe(
      `<p>a <span data-long="">${long}</span> b <b>${'y'.repeat(39)}</b></p>`
    )
  })

  test('the text of a form, not the form', () => {
    expect(bodyOf('<form action="https://a.example"><p>Sign in</p><input name="a"><button>OK</button></form>')).toBe(
      '<p>Sign in</p>OK'
    )
  })

  test.each(['https://a.example/', 'http://a.example/', 'mailto:a@example.org', 'tel:+49123'])(
    'a link to %s, whose host the browser does not learn from it',
    (href) => {
      expect(bodyOf(`<a href="${href}">x</a>`)).toBe(`<a href="#" data-link="${href}">x</a>`)
    }
  )

  test('a link to a place in the mail itself', () => {
    expect(bodyOf('<a href="#below">x</a>')).toBe('<a href="#below">x</a>')
  })

  test('nothing of a set of frames', () => {
    expect(clean('<html><frameset><frame src="https://a.example"></frameset></html>').html).toBe(
      '<head></head><body></body>'
    )
  })

  test('language and direction, if they are such', () => {
    expect(clean('<html lang="de-AT" dir="RTL"><body>x')).toMatchObject({ lang: 'de-AT', dir: 'rtl' })
    expect(clean('<html lang="&quot;>"><body dir="up">x')).toMatchObject({ lang: '', dir: '' })
  })
})

describe('what goes', () => {
  test.each([
    'script', 'iframe', 'object', 'embed', 'form', 'input', 'button', 'textarea', 'select', 'dialog', 'video', 'audio',
    'style', 'meta', 'link', 'base', 'svg', 'math', 'template', 'picture', 'source', 'marquee', 'slot', 'frameset', 'noscript'
  ])('the element %s', (name) => {
    expect(clean(`<p>a</p><${name} id="x">b</${name}><p>c</p>`).html).not.toContain(`<${name}`)
  }) // prettier-ignore

  test.each([
    'onclick="x()"', 'autofocus', 'srcset="a 1x"', 'ping="https://a.example"', 'popover', 'contenteditable', 'tabindex="1"',
    'accesskey="a"', 'target="_top"', 'download="x"', 'aria-live="assertive"', 'role="alert"', 'data-cid="1@x"', 'data-link="https://a.example"'
  ])('the attribute %s', (attribute) => {
    expect(bodyOf(`<img alt="a" ${attribute}><a href="#a" ${attribute}>b</a>`)).toBe('<img alt="a"><a href="#a">b</a>')
  }) // prettier-ignore

  test.each([
    'javascript:alert(1)', ' JaVaScript:alert(1)', 'java\tscript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd',
    'cid:1@x', 'blob:https://a.example/1', 'ftp://a.example', '/sign-out', 'settings', '?a', 'intent://a', '\\\\a\\b'
  ])('a link to %j', (href) => {
    expect(bodyOf(`<a href="${href}">x</a>`)).toBe('<a>x</a>')
  }) // prettier-ignore

  test('names that clobber the document', () => {
    expect(bodyOf('<img name="body"><a id="createElement">x</a>')).toBe('<img><a>x</a>')
  })

  test('what would mutate: nothing that the second parse could turn into a script', () => {
    const bypass = '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>'
    expect(clean(bypass).html).not.toContain('onerror')
  })

  test('hooks, so that another user of DOMPurify is not changed', () => {
    clean('<p role="alert">x</p>')
    expect(clean('<p role="note">x</p>').html).toContain('role="note"')
  })
})

describe('remote pictures', () => {
  const html =
    '<img src="https://a.example/1"><img src="https://a.example/1"><img src="//a.example/2"><table background="http://a.example/3">' +
    '<tbody><tr><td style="background:url(\'https://a.example/4\')"></td></tr></tbody></table><style>p{background:url(https://a.example/5)}</style>'

  test('are counted once each, wherever they are', () => {
    expect(clean(html).remote).toBe(5)
    expect(clean(html, { allowRemote: true }).remote).toBe(5)
  })

  test('lose their address until they are allowed', () => {
    expect(bodyOf(html)).not.toMatch(/a\.example/)
    expect(clean(html).sheets).toEqual([{ css: 'p{background:none}', media: '' }])
  })

  test('leave a box that says what they show, as large as they are', () => {
    const box = (image: string): string => bodyOf(image, { blocked: 'Blocked image' })
    const named = (label: string): string => `role="img" aria-label="${label}" title="${label}"`
    expect(box('<img src=https://a.example/1 alt=Sale width=600 height=200>')).toBe(
      `<span ${named('Blocked image: Sale')} data-blocked="" data-style="width:600px;aspect-ratio:600/200">Sale</span>`
    )
    expect(box('<img src=https://a.example/1 style="border:0;width: 24px">')).toBe(
      `<span ${named('Blocked image')} data-blocked="small" data-style="width:24px">Blocked image</span>`
    )
    expect(box('<img class=desk src=https://a.example/1 style="display: none">')).toContain(
      'data-style="display:none;" class="desk"'
    )
    expect(box('<img src=https://a.example/1 height="50%" style="max-width:9px">')).toContain('data-style=""')
  })

  test('are all that a style may ask for: no sheet, no face', () => {
    const css =
      "@import url('https://a.example/?wght@400;700');@import url(//a.example/b;c) print;@IMPORT 'https://a.example/d';" +
      '@font-face { font-family: A; src: url(https://a.example/e) } p{}'
    const [sheet] = clean(`<style>${css}</style>x`, { allowRemote: true }).sheets
    expect(sheet?.css.trim()).toBe('p{}')
  })

  test('that nobody would see leave nothing', () => {
    expect(bodyOf('<img src=https://a.example/1 width=1 height=1>', { blocked: 'Blocked image' })).toBe('')
  })

  test('are fetched by TLS once they are allowed', () => {
    const body = bodyOf(html, { allowRemote: true })
    expect(body.match(/https:\/\/a\.example\/[1-4]/g)).toHaveLength(5)
    expect(body).not.toContain('http://')
  })

  test('are not what the mail itself contains', () => {
    expect(
      clean('<img src="cid:1%40x"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><img src="/jmap">').remote
    ).toBe(0)
  })

  test('of the mail itself wait for their blobs', () => {
    expect(bodyOf('<img src="cid:1%40x" alt="a">')).toBe('<img alt="a" data-cid="1@x">')
    expect(bodyOf('<img src="cid:50%" alt="a">')).toBe('<img alt="a" data-cid="50%">')
  })
})

describe('size', () => {
  test('a mail that is too large to show at once is shown only on request', () => {
    const options = { allowRemote: false, showQuoted: '', blocked: '' }
    expect(sanitize('x'.repeat(MAX_CHARACTERS + 1), options)).toBeNull()
    expect(sanitize('<b>'.repeat(MAX_TAGS + 1), options)).toBeNull()
    expect(sanitize('<p>x</p>'.repeat(MAX_TAGS / 2 + 1), options)).toBeNull()
    expect(sanitize(Array.from({ length: 600 }, (_, i) => `<p><b class=${i}>`).join(''), options)).toBeNull()
    expect(sanitize('<p>' + 'x'.repeat(MAX_CHARACTERS), { ...options, whole: true })).not.toBeNull()
  })

  test.each([
    ['an address in a style that never ends', `<style>p{background:url(${' '.repeat(300_000)}</style>`],
    ['schemes of colour without end', `<style>${'color-scheme:'.repeat(70_000)}</style>`],
    ['imports without end', `<style>${'@import'.repeat(140_000)}</style>`],
    ['parentheses without end', `<style>${'@import('.repeat(120_000)}</style>`],
    ['faces without end', `<style>${'@font-face{'.repeat(90_000)}</style>`],
    ['styles without end', '<style>'.repeat(30_000)],
    ['quotes without end', '<blockquote>x</blockquote>'.repeat(10_000)],
    ['spaces in a link', `<a href="${' '.repeat(500_000)}x">y</a>`]
  ])('%s takes no second', (_, html) => {
    expect(timesAsLong(() => clean(html))).toBeLessThan(1_000) // jsdom is slow; a slow pattern would take minutes
  })
})
