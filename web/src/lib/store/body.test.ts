import { describe, expect, test } from 'vitest'
import type { BodyPart, EmailBody } from '#lib/jmap/types.ts'
import { shownBody } from './body.ts'

function part(values: Partial<BodyPart>): BodyPart {
  return {
    partId: null,
    blobId: null,
    size: 10,
    name: null,
    type: 'text/plain',
    charset: null,
    disposition: null,
    cid: null,
    ...values
  }
}

function body(values: Partial<EmailBody>, texts: Record<string, string> = {}): EmailBody {
  const bodyValues = Object.fromEntries(Object.entries(texts).map(([id, value]) => [id, { value, isTruncated: false }]))
  const headers = { cc: null, replyTo: null, sentAt: null, messageId: null, references: null }
  const parts = { textBody: [], htmlBody: [], attachments: [] }
  const named = { 'header:Authentication-Results:all': [], 'header:List-Id': null }
  return { id: 'e', blobId: 'm', ...headers, ...named, bodyValues, ...parts, ...values }
}

const urlOf = ({ blobId }: { blobId: string }): string => `/download/${blobId}`

const HTML = part({ partId: 'h', type: 'text/html' })
const TEXT = part({ partId: 't' })
const PICTURE = part({ blobId: 'b1', type: 'image/png', cid: 'logo@x', name: 'logo.png' })

describe('the body of a message', () => {
  test('in plain text has no HTML', () => {
    const shown = shownBody(body({ textBody: [TEXT], htmlBody: [TEXT] }, { t: 'Hello' }), urlOf)
    expect([shown.html, shown.text]).toEqual([null, 'Hello'])
  })

  test('in HTML alone can be read as text', () => {
    const html = '<style>p{}</style><p>One &amp; two</p><p>three&#33;</p>'
    const shown = shownBody(body({ textBody: [HTML], htmlBody: [HTML] }, { h: html }), urlOf)
    expect([shown.html, shown.text]).toEqual([html, 'One & two\nthree!'])
  })

  test('keeps text between HTML parts as text', () => {
    const shown = shownBody(body({ htmlBody: [HTML, TEXT] }, { h: '<p>a</p>', t: '<b>' }), urlOf)
    expect(shown.html).toContain('&lt;b&gt;')
  })

  test('shows a picture that the HTML refers to in its place, not among the attachments', () => {
    const shown = shownBody(body({ htmlBody: [HTML], attachments: [PICTURE] }, { h: '<img src="cid:logo@x">' }), urlOf)
    expect(shown.inline.get('logo@x')?.url).toBe('/download/b1')
    expect(shown.attachments).toEqual([])
  })

  test('lists a picture that nothing refers to, so that nothing is hidden', () => {
    const shown = shownBody(body({ htmlBody: [HTML], attachments: [PICTURE] }, { h: '<p>a</p>' }), urlOf)
    expect(shown.attachments.map(({ name }) => name)).toEqual(['logo.png'])
    expect(shown.inline.size).toBe(0)
  })

  test('knows a picture by a percent-encoded reference (RFC 2392 §2)', () => {
    const shown = shownBody(
      body({ htmlBody: [HTML], attachments: [PICTURE] }, { h: '<img src="cid:logo%40x">' }),
      urlOf
    )
    expect([...shown.inline.keys()]).toEqual(['logo@x'])
  })

  test.each(['\u200b', ' \u202e ', null])('names a file after its type if nothing of its name is seen: %j', (name) => {
    const shown = shownBody(
      body({ attachments: [part({ blobId: 'b', type: 'message/rfc822', name })] }),
      (file) => file.name
    )
    expect(shown.attachments.map((file) => [file.name, file.url])).toEqual([['message.eml', 'message.eml']])
  })

  test('lists a picture that stands between the texts', () => {
    const shown = shownBody(body({ textBody: [TEXT, PICTURE], htmlBody: [TEXT, PICTURE] }, { t: 'Hello' }), urlOf)
    expect(shown.attachments).toHaveLength(1)
  })
})
