import { describe, expect, test } from 'vitest'
import { EMPTY, type Draft, type DraftFile } from './draft.ts'
import { emailOf, UnfinishedDraft, type Envelope } from './email.ts'

const ENVELOPE: Envelope = {
  from: { name: 'Alice', email: 'alice@example.org' },
  messageId: 'x@example.org',
  mailboxIds: ['drafts'],
  keywords: ['$draft', '$seen'],
  sentAt: new Date('2026-11-27T10:00:00.123Z'),
  purpose: 'send'
}
const MARA = { name: 'Mara', address: 'mara@example.org' }
const PLAIN: Draft = { ...EMPTY, format: 'plain', text: 'Hello', to: [MARA] }
const RICH: Draft = { ...EMPTY, html: '<div>Hello</div>', to: [MARA] }

const file = (change: Partial<DraftFile> = {}): DraftFile => ({
  id: 'f',
  name: 'a.pdf',
  type: 'application/pdf',
  size: 1,
  blobId: 'b',
  cid: null,
  ...change
})
const shape = (draft: Draft, change: Partial<Envelope> = {}): unknown =>
  tree(emailOf(draft, { ...ENVELOPE, ...change })['bodyStructure'] as Part)

interface Part {
  type: string
  subParts?: Part[]
}
function tree(part: Part): unknown {
  return part.subParts ? [part.type.replace('multipart/', ''), ...part.subParts.map(tree)] : part.type
}

describe('its parts', () => {
  test('plain text is one part', () => {
    expect(shape(PLAIN)).toBe('text/plain')
  })

  test('HTML has a text beside it that is made of it', () => {
    expect(shape(RICH)).toEqual(['alternative', 'text/plain', 'text/html'])
    expect(emailOf(RICH, ENVELOPE)['bodyValues']).toEqual({
      text: { value: 'Hello' },
      html: { value: '<!doctype html><html><body><div dir="auto"><div>Hello</div></div></body></html>' }
    })
  })

  test('a picture in the text is related to the HTML, by its Content-ID', () => {
    const draft = {
      ...RICH,
      html: '<img src="cid:p@x">',
      files: [file({ type: 'image/png', name: 'p.png', cid: 'p@x' })]
    }
    expect(shape(draft)).toEqual(['alternative', 'text/plain', ['related', 'text/html', 'image/png']])
    expect(JSON.stringify(emailOf(draft, ENVELOPE))).toContain(
      JSON.stringify({ blobId: 'b', type: 'image/png', name: 'p.png', cid: 'p@x', disposition: 'inline' })
    )
  })

  test('a picture that was taken out of the text is left out', () => {
    expect(shape({ ...RICH, files: [file({ type: 'image/png', cid: 'p@x' })] })).toEqual([
      'alternative',
      'text/plain',
      'text/html'
    ])
    expect(shape({ ...PLAIN, files: [file({ type: 'image/png', cid: 'p@x' })] })).toBe('text/plain')
  })

  test('attachments follow, a forwarded message among them', () => {
    const files = [file(), file({ type: 'message/rfc822', name: 'a.eml' })]
    expect(shape({ ...RICH, files })).toEqual([
      'mixed',
      ['alternative', 'text/plain', 'text/html'],
      'application/pdf',
      'application/octet-stream'
    ])
    expect(shape({ ...PLAIN, files })).toEqual(['mixed', 'text/plain', 'application/pdf', 'application/octet-stream'])
  })

  test.each([
    ['', 'application/octet-stream'],
    ['pdf', 'application/octet-stream'],
    ['multipart/mixed', 'application/octet-stream'],
    ['message/partial', 'application/octet-stream'],
    ['message/rfc822', 'application/octet-stream'],
    ['text/html\r\nX: y', 'application/octet-stream'],
    ['IMAGE/PNG', 'image/png'],
    ['text/plain; charset=utf-8', 'text/plain']
  ])('a file of the type %j is sent as %s', (type, sent) => {
    expect(shape({ ...PLAIN, files: [file({ type })] })).toEqual(['mixed', 'text/plain', sent])
  })

  test('a draft is stored without what is not uploaded yet', () => {
    expect(shape({ ...PLAIN, files: [file({ blobId: null })] }, { purpose: 'draft' })).toBe('text/plain')
  })
})

describe('its header', () => {
  test('names everybody, and nobody where there is nobody', () => {
    const email = emailOf({ ...PLAIN, bcc: [{ name: '', address: 'b@example.org' }] }, ENVELOPE)
    expect(email).toMatchObject({
      from: [ENVELOPE.from],
      to: [{ name: 'Mara', email: 'mara@example.org' }],
      bcc: [{ name: null, email: 'b@example.org' }],
      messageId: ['x@example.org'],
      sentAt: '2026-11-27T10:00:00Z'
    })
    expect('cc' in email).toBe(false)
  })

  test('no text ends its field, and none keeps half a character', () => {
    const hostile = 'a\r\nBcc: eve@example.net\u2028\0\ud800'
    const email = emailOf(
      {
        ...PLAIN,
        to: [{ name: hostile, address: 'mara@example.org' }],
        subject: hostile,
        text: 'a\rb\r\nc\0\ud800',
        files: [file({ name: hostile })],
        parent: { kind: 'reply', emailId: null, messageId: [hostile, 'ok@x'], references: [hostile, 'a b', '<y>'] }
      },
      { ...ENVELOPE, from: { name: hostile, email: 'alice@example.org\r\n' } }
    )
    const { bodyValues, ...head } = email
    expect(JSON.stringify(head)).not.toMatch(/\\[rnu]/u)
    expect([email['inReplyTo'], email['references']]).toEqual([['ok@x'], ['ok@x']])
    expect(bodyValues).toEqual({ text: { value: 'a\nb\nc\ufffd' } })
  })

  test('a reply answers its parent, a forwarded message only refers to it', () => {
    const parent = { emailId: 'e', messageId: ['c@x'], references: ['a@x', 'b@x'] }
    expect(emailOf({ ...PLAIN, parent: { ...parent, kind: 'reply' } }, ENVELOPE)).toMatchObject({
      inReplyTo: ['c@x'],
      references: ['a@x', 'b@x', 'c@x']
    })
    const forwarded = emailOf({ ...PLAIN, parent: { ...parent, kind: 'forward' } }, ENVELOPE)
    expect([forwarded['inReplyTo'], forwarded['references']]).toEqual([undefined, ['a@x', 'b@x', 'c@x']])
  })

  test('a receipt is asked for at the address of the sender', () => {
    expect(emailOf({ ...PLAIN, receipt: true }, ENVELOPE)['header:Disposition-Notification-To:asAddresses']).toEqual([
      { name: null, email: 'alice@example.org' }
    ])
  })

  test('what only its writer needs stands in drafts alone', () => {
    const names = (purpose: 'draft' | 'send') =>
      Object.keys(emailOf(PLAIN, { ...ENVELOPE, purpose })).filter((name) => name.includes('Postroom'))
    expect([names('draft').length, names('send').length]).toEqual([1, 0])
  })

  test('words that are no address are kept in a draft, and not among its addresses', () => {
    const draft = { ...PLAIN, to: [{ name: '', address: 'Mara <x' }, MARA] }
    const email = emailOf(draft, { ...ENVELOPE, purpose: 'draft' })
    expect(email['to']).toEqual([{ name: 'Mara', email: 'mara@example.org' }])
    expect(decodeURIComponent(String(email['header:X-Postroom-Draft:asText']).replaceAll(' ', ''))).toContain('Mara <x')
  })
})

test.each<[string, Partial<Draft>]>([
  ['without a recipient', { to: [] }],
  ['to somebody without an address', { cc: [{ name: '', address: 'Jonas' }] }],
  ['with a file that is not uploaded', { files: [file({ blobId: null })] }]
])('it is not sent %s', (_, change) => {
  expect(() => emailOf({ ...PLAIN, ...change }, ENVELOPE)).toThrow(UnfinishedDraft)
})
