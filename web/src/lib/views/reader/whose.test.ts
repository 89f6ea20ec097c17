// @vitest-environment jsdom
/** Whose a message is: what its From header claims is neither believed nor hidden. */
import { device } from '../../../../tests/device.ts'
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import type { EmailAddress } from '#lib/jmap/types.ts'
import type { Message } from '#lib/state/mail.ts'
import Reader from '#lib/views/reader/Reader.svelte'
import { afterEach, describe, expect, test, vi } from 'vitest'

const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
  device.phone = false
})

const ME = { name: 'Me Myself', email: 'me@example.org' }
const ANN = { name: 'Ann', email: 'ann@example.net' }
const EVIL = { name: '', email: 'x@evil.example' }
const OURS = 'mail.example.org'
const [PASSED, FAILED, NONE] = [
  (domain: string) => [`${OURS}; dmarc=pass header.from=${domain}`],
  (domain: string) => [`${OURS}; dmarc=fail header.from=${domain}`],
  () => [] as string[]
]

interface Reading extends Drawn {
  readonly message: Message
}

/** A message by these, open in the reader. */
async function reading(
  from: readonly EmailAddress[],
  results: readonly string[],
  more: { folder?: string; authservId?: string | null; to?: readonly EmailAddress[]; subject?: string } = {}
): Promise<Reading> {
  const { folder = 'inbox', authservId = OURS, ...email } = more
  const server = new ModelServer()
  server.authservId = authservId
  server.deliver({
    ...{ threadId: 'a', from: [...from], mailboxIds: { [folder]: true } },
    'header:Authentication-Results:all': [...results],
    ...(email.to ? { to: [...email.to] } : {}),
    ...(email.subject ? { subject: email.subject } : {})
  })
  const drawn = await pageOf(server)
  await after(() => drawn.page.show(folder, 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  const [message] = drawn.mail.reader.conversation?.messages ?? []
  if (!message) throw new Error('nothing is open')
  return { ...drawn, message }
}

type Case = readonly [
  what: string,
  from: readonly EmailAddress[],
  results: readonly string[],
  folder: string,
  own: boolean,
  warning: string | null
]

const CASES: readonly Case[] = [
  ['lies in Sent', [ME], NONE(), 'sent', true, null],
  ['lies in Drafts', [ME], NONE(), 'drafts', true, null],
  ['is from the person, and confirmed', [ME], PASSED('example.org'), 'inbox', true, null],
  ['claims to be from the person, and failed', [ME], FAILED('example.org'), 'inbox', false, 'notFromYou'],
  [
    'claims it in other letters',
    [{ ...ME, email: 'ME@Example.org' }],
    FAILED('example.org'),
    'inbox',
    false,
    'notFromYou'
  ],
  ['claims it beside another sender, and failed', [EVIL, ME], FAILED('example.org'), 'inbox', false, 'notFromYou'],
  ['claims it, and was not checked', [ME], NONE(), 'inbox', false, null],
  ['claims it beside another, and was not checked', [ME, EVIL], NONE(), 'inbox', false, null],
  ['claims it beside another, who is confirmed', [ME, EVIL], PASSED('evil.example'), 'inbox', false, null],
  [
    'claims it beside another, and its own domain is confirmed',
    [ME, EVIL],
    PASSED('example.org'),
    'inbox',
    false,
    null
  ],
  ['claims it beside another, and something is confirmed', [ME, EVIL], [`${OURS}; dmarc=pass`], 'inbox', false, null],
  ['claims it with a result that nobody of ours gave', [ME], ['evil.example; dmarc=pass'], 'inbox', false, null],
  [
    'claims it in Archive, by a name that hides another',
    [{ ...ME, name: 'x@evil.example' }],
    NONE(),
    'trash',
    false,
    'nameIsAddress'
  ],
  [
    'hides another address behind its second sender',
    [ANN, { ...EVIL, name: 'boss@example.org' }],
    NONE(),
    'inbox',
    false,
    'nameIsAddress'
  ]
]

test.each(CASES)('a message that %s', async (_, from, results, folder, own, warning) => {
  const { page, message } = await reading(from, results, { folder })
  expect([message.own, page.reading.warningOf(message)?.kind ?? null]).toEqual([own, warning])
  expect(document.querySelector('article h3 bdi')?.textContent === 'me').toBe(own)
  for (const { email } of from) expect(document.querySelector('article')?.textContent).toContain(email)
})

test('a list knows only the folder of a message: there what a From header claims is not the person', async () => {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', from: [ME], mailboxIds: { sent: true } })
  server.deliver({ threadId: 'a', from: [ME] })
  server.deliver({ threadId: 'b', from: [{ ...ME, name: 'boss@example.com' }] })
  const { mail } = await pageOf(server)
  await after(() => mail.show('inbox'))
  const rows = [0, 1].flatMap((at) => mail.list?.row(at) ?? [])
  const seen = Object.fromEntries(
    rows.map(({ threadId, people, warning }) => [threadId, [people.map(({ own }) => own), warning]])
  )
  expect(seen).toEqual({ a: [[true, false], false], b: [[false], true] })
})

describe('what is never switched off by what a From header claims', () => {
  test('a message that claims to be from the person, and was reported, stays blocked', async () => {
    const { page, mail, message } = await reading([ME], FAILED('example.org'))
    await mail.markReported(EVIL.email, true).catch(() => undefined)
    expect(page.reading.showsPictures({ ...message, reported: true })).toBe(false)
    const { isBlocked } = await import('#lib/state/blocked.ts')
    expect(isBlocked({ ...message, reported: true }, mail)).toBe(true)
    expect(
      isBlocked({ ...message, from: [...message.from, { name: '', address: EVIL.email, own: false }] }, mail)
    ).toBe(true)
  })

  test('a reply to it is asked about first', async () => {
    const { page, message } = await reading([ME], FAILED('example.org'))
    page.reading.reply('reply', message)
    expect(page.reading.asking?.message).toBe(message)
  })
})

describe('pictures that are always shown', () => {
  const allowed = async (results: readonly string[], authservId: string | null = OURS, from = [ANN]) => {
    const { page, mail, message } = await reading(from, results, { authservId })
    await mail.allowPictures(ANN.email).catch(() => undefined)
    return [page.reading.mayRemember(message), page.reading.showsPictures(message)]
  }

  test.each([
    ['are those of a sender who is confirmed', PASSED('example.net'), OURS, [ANN], [true, true]],
    ['are not those of who only claims to be the sender', NONE(), OURS, [ANN], [false, false]],
    ['are not those of who failed to be the sender', FAILED('example.net'), OURS, [ANN], [false, false]],
    ['are none where nobody confirms senders', PASSED('example.net'), null, [ANN], [false, false]],
    [
      'are not those of another at the same place',
      PASSED('example.net'),
      OURS,
      [{ name: '', email: 'x@example.net' }],
      [true, false]
    ],
    [
      'are not those of two senders of whom one is allowed',
      PASSED('example.net'),
      OURS,
      [ANN, { name: '', email: 'x@example.net' }],
      [true, false]
    ]
  ] as const)('%s', async (_, results, authservId, from, expected) => {
    expect(await allowed(results, authservId, [...from])).toEqual(expected)
  })
})

describe('above the recipients', () => {
  const MANY = Array.from({ length: 300 }, (_, at) => ({
    name: `${at} ${'W'.repeat(66)}`,
    email: `p${at}@example.net`
  }))

  test('stands the warning, and of the recipients a few are named', async () => {
    await reading([ME], FAILED('example.org'), { to: MANY })
    const head = document.querySelector('article .head') as HTMLElement
    await vi.waitFor(() => expect(head.textContent).toContain('This says it is from you'))
    const to = head.querySelector('.to') as HTMLElement
    expect(head.querySelector('.bar')?.compareDocumentPosition(to)).toBe(Node.DOCUMENT_POSITION_FOLLOWING)
    expect(to.textContent).toContain('and 298 more')
    expect(to.textContent.length).toBeLessThan(200)
  })
})
