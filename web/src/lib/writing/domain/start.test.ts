import { describe, expect, test } from 'vitest'
import type { Attachment } from '#lib/mail/attachment.ts'
import { emailOf } from './email.ts'
import type { ParentMessage } from './parent-message.ts'
import {
  draftOfForward,
  draftOfForwardAsAttachment,
  draftOfMailto,
  draftOfNew,
  draftOfReply,
  draftOfResend,
  forwardSubject,
  replySubject,
  type Self
} from './start.ts'
import { textOfHtml } from './text-of-html.ts'
import { wrapped } from './whole-html.ts'

let count = 0
const WORDS = {
  attribution: (name: string, at: Date) => `On ${at.toISOString().slice(0, 10)}, ${name} wrote:`,
  ...{ forwarded: 'Forwarded message', from: 'From', to: 'To', cc: 'Cc', date: 'Date', subject: 'Subject' },
  dateOf: (at: Date) => at.toISOString().slice(0, 10)
}
const ALICE = { id: 'i1', name: 'Alice', address: 'alice@example.org', textSignature: 'Alice', htmlSignature: '' }
const DESK = { id: 'i2', name: 'Desk', address: 'desk@example.org', textSignature: '', htmlSignature: '' }
const SELF: Self = {
  identities: [ALICE, DESK],
  words: WORDS,
  format: 'rich',
  quoted: (html) => html,
  clean: (html) => html,
  newId: () => `f${++count}`,
  newCid: () => 'new@cid'
}
const PLAIN: Self = { ...SELF, format: 'plain' }

const person = (address: string, own = false, name = '') => ({ name, address, own })
const file = (blobId: string, change: Partial<Attachment> = {}): Attachment => ({
  ...{ blobId, name: `${blobId}.pdf`, type: 'application/pdf', charset: null, size: 3, url: '/x' },
  ...change
})
const MESSAGE: ParentMessage = {
  id: 'e1',
  from: [person('mara@example.net', false, 'Mara Lindqvist')],
  to: [person('desk@example.org', true)],
  cc: [person('jonas@example.net')],
  replyTo: [],
  sentAt: new Date('2026-11-24T14:32:00Z'),
  receivedAt: new Date('2026-11-24T14:33:00Z'),
  subject: 'Pallet 3',
  messageId: ['c@x'],
  references: ['a@x'],
  own: false,
  blobId: 'whole',
  size: 99,
  attachments: [file('bill')],
  rendered: '<p>Hi <img src="cid:p@x"><img src="cid:gone" alt="Gone"></p>',
  body: {
    html: '<p hidden>Unseen</p><p>Hi <img src="cid:p@x"><img src="cid:gone" alt="Gone"></p>',
    text: 'Hi\n> before\n',
    inline: new Map([['p@x', file('pic', { name: 'p.png', type: 'image/png' })]])
  }
}
const addresses = (people: readonly { address: string }[]) => people.map(({ address }) => address)

test.each([
  [[person('x@evil.example')], 'x@evil.example'],
  [[person('x@evil.example', false, 'boss@example.org')], 'x@evil.example (boss@example.org)'],
  [[person('x@evil.example', false, 'me')], 'x@evil.example (me)'],
  [[person('alice@example.org', true, 'Alice'), person('x@evil.example')], 'Alice, x@evil.example'],
  [[], '?']
])('whom a quote names nobody takes for another one: %j', (from, named) => {
  const draft = draftOfReply({ ...MESSAGE, from }, false, PLAIN)
  expect(draft.text).toContain(`On 2026-11-24, ${named} wrote:`)
})

describe('a reply', () => {
  test('quotes the HTML in a quote, below its attribution, with its pictures as files', () => {
    const draft = draftOfReply(MESSAGE, false, SELF)
    expect(draft.html).toMatch(
      /^<div><br><\/div>.*<div data-quote=""><div>On 2026-11-24, Mara Lindqvist wrote:<\/div><blockquote type="cite"/u
    )
    expect(draft.html).toContain('<p>Hi <img src="cid:new@cid">Gone</p></blockquote></div>')
    expect(draft.files).toMatchObject([{ blobId: 'pic', cid: 'new@cid', type: 'image/png', size: 3 }])
    expect(draft).toMatchObject({ identityId: 'i2', subject: 'Re: Pallet 3', cc: [] })
    expect(draft.to).toEqual([{ name: 'Mara Lindqvist', address: 'mara@example.net' }])
    expect(draft.parent).toEqual({ kind: 'reply', emailId: 'e1', messageId: ['c@x'], references: ['a@x'] })
  })

  test.each([
    ['what the reader shows is not known', { ...MESSAGE, rendered: null }, SELF, 'Unseen'],
    ['it is too large to be edited', MESSAGE, { ...SELF, quoted: () => null }, 'before'],
    [
      'it has no HTML',
      { ...MESSAGE, rendered: null, body: { html: null, text: 'before', inline: new Map() } },
      SELF,
      null
    ]
  ] as const)('is marked if it may hold what nobody saw: %s', (_, message, self, unseen) => {
    for (const { html } of [draftOfReply(message, false, self), draftOfForward(message, self)]) {
      expect(html).toContain(unseen === null ? '<div data-quote="">' : '<div data-quote="whole">')
      expect(html).toContain(unseen ?? 'before')
    }
  })

  test('quotes the text in plain text, each line once more', () => {
    expect(draftOfReply(MESSAGE, false, PLAIN).text).toBe('\n\nOn 2026-11-24, Mara Lindqvist wrote:\n> Hi\n>> before\n')
  })

  test('quotes the text where the HTML is too large to be edited', () => {
    const draft = draftOfReply(MESSAGE, false, { ...SELF, quoted: () => null })
    expect(textOfHtml(draft.html)).toBe('On 2026-11-24, Mara Lindqvist wrote:\n> Hi\n>> before')
    expect(draft.files).toEqual([])
  })

  test('to all goes to the others, too', () => {
    const draft = draftOfReply(MESSAGE, true, SELF)
    expect([addresses(draft.to), addresses(draft.cc)]).toEqual([['mara@example.net'], ['jonas@example.net']])
  })

  test('has the signature of the identity that answers, above the quote', () => {
    const message = { ...MESSAGE, to: [person('alice@example.org', true)] }
    expect(draftOfReply(message, false, PLAIN).text).toBe(
      '\n\n-- \nAlice\n\nOn 2026-11-24, Mara Lindqvist wrote:\n> Hi\n>> before\n'
    )
    expect(draftOfReply(message, false, SELF).html).toMatch(
      /^(?:<div><br><\/div>){2}<div data-signature=""><div>Alice<\/div><\/div>.*<div data-quote="">/u
    )
  })

  test('a name neither ends its line nor becomes HTML', () => {
    const message = { ...MESSAGE, from: [person('mara@example.net', false, 'a\r\n<b>\u202e')] }
    expect(draftOfReply(message, false, SELF).html).toContain('<div>On 2026-11-24, a &lt;b&gt; wrote:</div>')
    expect(draftOfReply(message, false, PLAIN).text).toContain('On 2026-11-24, a <b> wrote:\n')
  })
})

describe('a forwarded message', () => {
  test('has a head that says what it was, its text and its files', () => {
    const draft = draftOfForward(MESSAGE, PLAIN)
    expect(draft.text).toBe(
      '\n\n---------- Forwarded message ----------\nFrom: Mara Lindqvist <mara@example.net>\nDate: 2026-11-24\nSubject: Pallet 3\nTo: desk@example.org\nCc: jonas@example.net\n\nHi\n> before\n'
    )
    expect(draft).toMatchObject({ subject: 'Fwd: Pallet 3', to: [], files: [{ blobId: 'bill', cid: null }] })
    expect(draft.parent?.kind).toBe('forward')
  })

  test('keeps its HTML and its pictures, outside of a quote', () => {
    const draft = draftOfForward(MESSAGE, SELF)
    expect(draft.html).toContain('<div>---------- Forwarded message ----------</div>')
    expect(draft.html).not.toContain('<blockquote')
    expect(draft.files.map(({ blobId, cid }) => [blobId, cid])).toEqual([
      ['pic', 'new@cid'],
      ['bill', null]
    ])
  })

  test('as an attachment is the whole message', () => {
    const draft = draftOfForwardAsAttachment(MESSAGE, SELF)
    expect(draft.files).toMatchObject([
      { blobId: 'whole', type: 'message/rfc822', name: 'Pallet 3.eml', size: 99, cid: null }
    ])
    expect(textOfHtml(draft.html)).toBe('')
  })
})

describe('a draft', () => {
  test('that is new has the signature of the own identity', () => {
    const draft = draftOfNew([{ name: '', address: 'mara@example.net' }], SELF)
    expect(draft).toMatchObject({ identityId: null, subject: '', parent: null })
    expect(textOfHtml(draft.html)).toBe('-- \nAlice')
  })

  test('of a mailto address has its text, which is no HTML', () => {
    const draft = draftOfMailto('mailto:mara@example.net?subject=Hi&body=%3Cb%3Ea%0Ab', SELF)
    expect(draft?.html).toMatch(/^<div>&lt;b&gt;a<\/div><div>b<\/div>/u)
    expect(draft).toMatchObject({ subject: 'Hi', to: [{ address: 'mara@example.net' }] })
    expect(draftOfMailto('https://example.org', SELF)).toBeNull()
  })

  test('that is sent again is as it was, to those who did not get it', () => {
    const sent = {
      ...MESSAGE,
      own: true,
      from: [person('desk@example.org', true)],
      body: {
        ...MESSAGE.body,
        html: wrapped('<div>Hi <img src="cid:p@x"></div>'),
        text: 'Hi',
        inline: MESSAGE.body?.inline ?? new Map()
      }
    }
    const draft = draftOfResend(sent, [{ name: '', address: 'mara@example.com' }], SELF)
    expect(draft).toMatchObject({
      identityId: 'i2',
      subject: 'Pallet 3',
      html: '<div>Hi <img src="cid:new@cid"></div>',
      cc: [],
      format: 'rich'
    })
    expect(draft.files.map(({ blobId }) => blobId)).toEqual(['pic', 'bill'])
    expect(draft.parent).toEqual({ kind: 'reply', emailId: null, messageId: ['a@x'], references: [] })
  })
})

test('nothing of a hostile parent ends a header field of what is sent', () => {
  const evil = 'a\r\nBcc: eve@example.net\t\u0085\u2028\0'
  const hostile: ParentMessage = {
    ...MESSAGE,
    from: [person('mara@example.net', false, evil)],
    replyTo: [person('mara@example.net', false, evil)],
    subject: evil,
    messageId: [evil, 'a b', '<c>'],
    references: [evil, 'ok@x', 'd\te'],
    attachments: [file('bill', { name: evil, type: evil, charset: evil })],
    body: {
      html: '<img src="cid:a%0D%0Ab">',
      text: '',
      inline: new Map([['a\r\nb', file('pic', { name: evil, type: `image/png${evil}` })]])
    }
  }
  for (const draft of [
    draftOfReply(hostile, true, SELF),
    draftOfForward(hostile, SELF),
    draftOfForwardAsAttachment(hostile, SELF),
    draftOfResend(hostile, [{ name: evil, address: 'x@example.org' }], SELF)
  ]) {
    const { bodyValues, ...head } = emailOf(
      { ...draft, to: [{ name: evil, address: 'x@example.org' }] },
      {
        from: { name: 'Alice', email: 'alice@example.org' },
        messageId: 'x@y',
        mailboxIds: ['d'],
        keywords: [],
        sentAt: new Date(0),
        purpose: 'send'
      }
    )
    expect(bodyValues).toBeDefined()
    expect(JSON.stringify(head)).not.toMatch(/\\[rntu]|[\u0085\u2028]/u)
    expect(JSON.stringify(head)).not.toContain('a b"')
  }
})

describe('who prefers an identity', () => {
  const DESK_TOO = { ...DESK, id: 'i3', name: 'Desk in the evening', textSignature: 'Good night' }
  const self: Self = { ...SELF, identities: [ALICE, DESK, DESK_TOO], preferred: 'i3' }

  test('writes new messages as it, with its signature', () => {
    const draft = draftOfNew([], self)
    expect([draft.identityId, textOfHtml(draft.html)]).toEqual(['i3', expect.stringContaining('Good night')])
    expect(draftOfMailto('mailto:bob@example.net', self)?.identityId).toBe('i3')
  })

  test('replies as it, of several to whose address the message was sent', () => {
    expect(draftOfReply(MESSAGE, false, self).identityId).toBe('i3')
  })

  test('replies as the one to which the message was sent, if it has another address', () => {
    const toAlice = { ...MESSAGE, to: [person('alice@example.org', true)] }
    expect(draftOfReply(toAlice, false, self).identityId).toBe('i1')
    expect(draftOfForward({ ...MESSAGE, to: [person('list@example.net')] }, self).identityId).toBe('i3')
  })

  test('writes as the own address once that one is gone', () => {
    expect(draftOfNew([], { ...self, preferred: 'gone' }).identityId).toBeNull()
  })
})

test.each([
  ['Pallet 3', 'Re: Pallet 3'],
  ['Re: Pallet 3', 'Re: Pallet 3'],
  ['AW: RE: Re[2]: Pallet 3', 'Re: Pallet 3'],
  ['回复：Re^3: Pallet 3', 'Re: Pallet 3'],
  ['Re: WG: Fwd: Pallet 3', 'Re: Pallet 3'],
  ['[announce] Re: Pallet 3', 'Re: [announce] Pallet 3'],
  ['Re: [announce] AW: Re: Pallet 3', 'Re: [announce] Pallet 3'],
  ['[a] [b] c', 'Re: [a] [b] c'],
  ['', 'Re: '],
  ['Reform: what now?', 'Re: Reform: what now?'],
  ['Trail: steep', 'Re: Trail: steep']
])('a reply to %j is called %j', (subject, reply) => {
  expect(replySubject(subject)).toBe(reply)
})

test.each([
  ['Pallet 3', 'Fwd: Pallet 3'],
  ['WG: FW: Pallet 3', 'Fwd: Pallet 3'],
  ['Re: Pallet 3', 'Fwd: Pallet 3']
])('%j is forwarded as %j', (subject, forwarded) => {
  expect(forwardSubject(subject)).toBe(forwarded)
})

test('a subject of prefixes alone takes no time', () => {
  expect(replySubject('Re: '.repeat(20_000) + 'x')).toBe('Re: x')
  expect(replySubject('re '.repeat(20_000))).toMatch(/^Re: re re/)
})

test('a message can be replied to, however many names of lists and prefixes its subject has', () => {
  expect(replySubject('[a] Re: '.repeat(20_000) + 'Pallet 3')).toMatch(/^Re: \[a\] \[a\] .* Pallet 3$/)
})
