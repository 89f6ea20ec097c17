import { describe, expect, test } from 'vitest'
import { randomFrom } from '../../../../tests/random.ts'
import { draftOf, rebound, unflowed, type DraftEmail, type DraftPart } from './draft-of.ts'
import { EMPTY, type Draft, type DraftFile, type Recipient } from './draft.ts'
import { emailOf } from './email.ts'

const IDENTITIES = [
  { id: 'i1', name: 'Alice', address: 'alice@example.org' },
  { id: 'i2', name: 'Desk', address: 'alice@example.org' },
  { id: 'i3', name: '', address: 'desk@example.org' }
]
let count = 0
const OPENING = {
  identities: IDENTITIES,
  newId: () => `f${++count}`,
  newCid: () => 'new@cid',
  clean: (html: string) => html
}

interface Created {
  type: string
  partId?: string
  blobId?: string
  name?: string
  cid?: string
  charset?: string
  disposition?: string
  subParts?: Created[]
}

/** What a mail server makes of a create: RFC 8621 §4.1.4, for the structures that we write. */
function stored(email: Record<string, unknown>): DraftEmail {
  const parts: DraftPart[] = []
  const walk = (part: Created): void => {
    if (part.subParts) {
      part.subParts.forEach(walk)
      return
    }
    const { type, blobId = null, name = null, cid = null, disposition = null, charset = null } = part
    parts.push({
      partId: String(parts.length),
      blobId: blobId ?? `v${parts.length}`,
      size: 1,
      name,
      type,
      cid,
      disposition,
      charset
    })
  }
  walk(email['bodyStructure'] as Created)
  const values = email['bodyValues'] as Record<string, { value: string }>
  const texts = parts.filter(({ type, disposition }) => type.startsWith('text/') && disposition === null)
  const html = texts.filter(({ type }) => type === 'text/html')
  const valued = texts.map(({ partId, type }): [string, unknown] => [
    partId ?? '',
    values[type === 'text/html' ? 'html' : 'text']
  ])
  return {
    ...{ to: null, cc: null, bcc: null, inReplyTo: null, references: null },
    ...(email as object),
    'header:Disposition-Notification-To': email['header:Disposition-Notification-To:asAddresses'] ? ' <a@b>' : null,
    id: 'e',
    textBody: texts.filter(({ type }) => type === 'text/plain'),
    htmlBody: html.length > 0 ? html : texts,
    attachments: parts.filter((part) => !texts.includes(part)),
    bodyValues: Object.fromEntries(valued)
  } as unknown as DraftEmail
}

function storedDraft(draft: Draft): DraftEmail {
  const identity = IDENTITIES.find(({ id }) => id === draft.identityId) ?? {
    name: 'Alice',
    address: 'alice@example.org'
  }
  return stored(
    emailOf(draft, {
      from: { name: identity.name, email: identity.address },
      messageId: 'x@example.org',
      mailboxIds: ['d'],
      keywords: ['$draft'],
      sentAt: new Date(0),
      purpose: 'draft'
    })
  )
}

const withoutIds = (draft: Draft) => ({ ...draft, files: draft.files.map((file) => ({ ...file, id: '' })) })

/** A draft of everything that a person can write. */
function randomDraft(random: () => number): Draft {
  const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  const some = <T>(make: () => T): T[] => Array.from({ length: Math.floor(random() * 4) }, make)
  const word = () => one(['Mara', 'Lindqvist, Mara', 'a "b" c', 'ענת כהן', '用户', '👩‍🔬', "o'neil", 'a: b; c', 'x'])
  const person = (): Recipient => ({
    name: one(['', word()]),
    address: one([
      'mara@example.org',
      'büro@müller.example',
      'mara@müller.example',
      '"a, b"@example.org',
      'Mara <x',
      'unfinished',
      ' @',
      'a\r\nBcc: b'
    ])
  })
  const format = one(['rich', 'plain'] as const)
  const pictures = format === 'rich' ? some(() => `p${Math.floor(random() * 1e9)}@x`) : []
  const file = (cid: string | null): DraftFile => ({
    ...{ id: '', name: one(['a.pdf', 'ü, "b".txt', '报告.pdf']), size: 1, blobId: `b${random()}`, cid },
    type: cid ? 'image/png' : one(['application/pdf', 'text/plain', 'image/png', 'text/html'])
  })
  const kind = one(['reply', 'forward', null] as const)
  return {
    identityId: one([null, 'i1', 'i2', 'i3']),
    to: some(person),
    cc: some(person),
    bcc: some(person),
    subject: one(['', word(), `${word()} ${word()}`]),
    format,
    html: format === 'rich' ? `<div>${pictures.map((cid) => `<img src="cid:${cid}">`).join('x')}a &amp; b</div>` : '',
    text: format === 'plain' ? one(['', 'a\n\nb ', '> a\n-- \nb']) : '',
    files: [...pictures.map(file), ...some(() => file(null))],
    parent: kind && {
      kind,
      emailId: one([null, 'e1']),
      messageId: ['own@x'],
      references: some(() => `r${Math.floor(random() * 1e9)}@x`)
    },
    receipt: random() < 0.5
  }
}

test('what was stored is opened as it was', () => {
  for (let seed = 0; seed < 500; seed++) {
    const draft = randomDraft(randomFrom(seed))
    expect(withoutIds(draftOf(storedDraft(draft), OPENING)), `seed ${seed}`).toEqual(draft)
  }
})

test('a message without an id is still the parent of its reply', () => {
  const parent = { kind: 'reply', emailId: 'e1', messageId: [], references: [] } as const
  expect(draftOf(storedDraft({ ...EMPTY, parent }), OPENING).parent).toEqual(parent)
})

test('an identity that is gone is the own one', () => {
  const email = storedDraft({ ...EMPTY, identityId: 'i2' })
  expect(draftOf(email, { ...OPENING, identities: IDENTITIES.slice(0, 1) }).identityId).toBeNull()
})

describe('a draft of another program', () => {
  const part = (type: string, change: Partial<DraftPart> = {}): DraftPart => ({
    ...{ partId: type, blobId: `blob of ${type}`, size: 1, name: null, type, cid: null, disposition: null },
    ...change
  })
  const foreign = (change: Partial<DraftEmail>): DraftEmail => ({
    ...{ id: 'e', from: [{ name: 'Desk', email: 'Alice@Example.org' }], to: null, cc: null, bcc: null, subject: null },
    ...{ inReplyTo: null, references: null, bodyValues: {}, textBody: [], htmlBody: [], attachments: [] },
    ...change
  })

  test('has the identity of its From, by its name if two have that address', () => {
    expect(draftOf(foreign({}), OPENING).identityId).toBe('i2')
    expect(draftOf(foreign({ from: [{ name: 'X', email: 'eve@example.net' }] }), OPENING).identityId).toBeNull()
  })

  test('of Thunderbird has its broken lines joined, and its parent', () => {
    const text = part('text/plain', { 'header:Content-Type': ' text/plain; charset=UTF-8; format=flowed' })
    const draft = draftOf(
      foreign({
        ...{ textBody: [text], htmlBody: [text], bodyValues: { 'text/plain': { value: 'a long \nline' } } },
        ...{ inReplyTo: ['c@x'], references: ['a@x', 'c@x'], 'header:Disposition-Notification-To': ' x@y' }
      }),
      OPENING
    )
    expect(draft).toMatchObject({ format: 'plain', text: 'a long line', receipt: true })
    expect(draft.parent).toEqual({ kind: 'reply', emailId: null, messageId: ['c@x'], references: ['a@x'] })
  })

  test('that forwards a message says so', () => {
    const draft = draftOf(
      foreign({ references: ['a@x', 'c@x'], 'header:X-Forwarded-Message-Id:asMessageIds': ['c@x'] }),
      OPENING
    )
    expect(draft.parent).toEqual({ kind: 'forward', emailId: null, messageId: ['c@x'], references: ['a@x'] })
  })

  test('of Apple Mail with pictures between its texts has all of them', () => {
    const [one, picture, two] = [
      part('text/html', { partId: '1' }),
      part('image/png', { partId: '2', cid: 'p@x', name: 'p.png' }),
      part('text/plain', { partId: '3' })
    ]
    const draft = draftOf(
      foreign({
        htmlBody: [one, picture, two],
        textBody: [one, picture, two],
        attachments: [picture],
        bodyValues: { 1: { value: '<b>a</b>' }, 3: { value: 'b <c>' } }
      }),
      OPENING
    )
    expect(draft.html).toBe('<b>a</b><img src="cid:p@x"><div>b &lt;c&gt;</div>')
    expect(draft.files.map(({ name, cid }) => [name, cid])).toEqual([['p.png', 'p@x']])
  })

  test('with a hostile Content-ID gets another one, and a picture that nobody refers to is an attachment', () => {
    const html = part('text/html')
    const picture = part('image/png', { cid: 'a"\r\nb' })
    const other = part('image/jpeg', { cid: 'other@x' })
    const draft = draftOf(
      foreign({
        htmlBody: [html],
        textBody: [html],
        attachments: [picture, other],
        bodyValues: { 'text/html': { value: '<img src="cid:a%22%0D%0Ab"><img src="cid:gone" alt="Gone">' } }
      }),
      OPENING
    )
    expect(draft.html).toBe('<img src="cid:new@cid">Gone')
    expect(draft.files.map(({ cid }) => cid)).toEqual(['new@cid', null])
  })

  test('with a header that only looks like ours is opened all the same', () => {
    for (const header of ['x', '%', encodeURIComponent('{"a":1}'), encodeURIComponent('[1,2,[["to","x",1],3]]')]) {
      expect(draftOf(foreign({ 'header:X-Postroom-Draft:asText': header }), OPENING).to).toEqual([])
    }
  })
})

test('the files of a stored version have the blobs of that version', () => {
  const file = (change: Partial<DraftFile>): DraftFile => ({
    id: 'f',
    name: 'a',
    type: 'text/plain',
    size: 1,
    blobId: 'old',
    cid: null,
    ...change
  })
  const files = [
    file({ id: '1' }),
    file({ id: '2' }),
    file({ id: '3', cid: 'p@x', type: 'image/png' }),
    file({ id: '4', blobId: null, name: 'later' })
  ]
  const part = (blobId: string, change: Partial<DraftPart> = {}): DraftPart => ({
    ...{ partId: blobId, blobId, size: 9, name: 'a', type: 'text/plain', cid: null, disposition: 'attachment' },
    ...change
  })
  const parts = {
    textBody: [],
    htmlBody: [],
    attachments: [part('p', { cid: 'p@x', type: 'image/png', disposition: 'inline' }), part('n1'), part('n2')]
  }
  expect(rebound(files, parts).map(({ id, blobId }) => [id, blobId])).toEqual([
    ['1', 'n1'],
    ['2', 'n2'],
    ['3', 'p'],
    ['4', null]
  ])
})

const FLOWED = 'text/plain; charset=UTF-8; format=flowed'

test('lines of a text that were broken are joined, quotes and the signature stay apart', () => {
  const text = 'A long \nline.\n\n> quoted \n> text\n>> deeper\n From here\n-- \nMara'
  expect(unflowed(text, FLOWED)).toBe('A long line.\n\n> quoted text\n>> deeper\nFrom here\n-- \nMara')
})

test('with delsp the space goes with the line end', () => {
  expect(unflowed('ab \ncd', `${FLOWED}; delsp=yes`)).toBe('abcd')
})

test('texts of another format stay as they are', () => {
  expect(unflowed('a \n b', 'text/plain; charset=utf-8')).toBe('a \n b')
})
