import type { KeptBody } from '#lib/cache/cache.ts'
import type { KeptSearches } from '#lib/search/device/searches.ts'
import type { Email, EmailBody } from '#lib/jmap/types.ts'
import { Places } from '#lib/search/domain/search-places.ts'
import { shownBody } from '#lib/store/body.ts'
import { Objects } from '#lib/store/objects.ts'
import { expect, test, vi } from 'vitest'
import { correspondents } from './correspondents.ts'
import { foundOnDevice, type ReadBody } from './device-search.ts'
import { leavesOut, planOf } from './search-plan.ts'
import { DeviceSearch } from './search-work.ts'

const PLACES = new Places(
  [
    { id: 'i', name: 'Inbox', role: 'inbox', depth: 0 },
    { id: 'j', name: 'Spam', role: 'junk', depth: 0 },
    { id: 's', name: 'Sent', role: 'sent', depth: 0 }
  ],
  []
)
const ME = 'alice@example.org'

const plan = (typed: string) => planOf(typed, PLACES, ME, new Date(2026, 10, 27))

function email(id: string, values: Partial<Email> = {}): Email {
  return {
    id,
    threadId: id,
    mailboxIds: { i: true },
    keywords: {},
    from: [{ name: 'Jonas', email: 'jonas@example.net' }],
    to: [{ name: null, email: ME }],
    subject: `Subject ${id}`,
    receivedAt: `2026-11-0${id.length}T00:00:00Z`,
    size: 1000,
    preview: 'pulp',
    hasAttachment: false,
    ...values
  }
}

function body(id: string, text: string, names: readonly string[] = []): KeptBody {
  const part = { partId: '1', blobId: 'b', size: 1, type: 'text/plain', disposition: null, cid: null }
  const kept: EmailBody = {
    id,
    cc: null,
    replyTo: null,
    sentAt: null,
    messageId: null,
    references: null,
    'header:Authentication-Results:all': [],
    bodyValues: { 1: { value: text, isTruncated: false } },
    textBody: [{ ...part, name: null }],
    htmlBody: [],
    attachments: names.map((name) => ({ ...part, name }))
  }
  return { id, body: kept, whole: true, usedAt: 0, size: 1 }
}

function kept(emails: Email[], bodies: KeptBody[] = []): KeptSearches {
  const parts = async function* <T>(all: T[]): AsyncGenerator<T[]> {
    await Promise.resolve()
    if (all.length > 0) yield all
  }
  return { emails: () => parts(emails), bodies: () => parts(bodies) } as unknown as KeptSearches
}

const read: ReadBody = (one) => shownBody(one, () => '')

async function found(typed: string, objects: Objects, device: KeptSearches | null, goesOn = () => true) {
  const steps: string[][] = []
  for await (const step of foundOnDevice(plan(typed), objects, device, { read, goesOn }))
    steps.push(step.map(({ id }) => id))
  return steps
}

test('what memory and device have is found, the newest of each conversation, the newest first', async () => {
  const objects = new Objects()
  objects.putEmails([email('a'), email('bb', { threadId: 'a' }), email('ccc', { preview: 'wood' })])
  const device = kept([email('a', { preview: 'old' }), email('dddd')])
  expect((await found('pulp', objects, device)).at(-1)).toEqual(['dddd', 'bb'])
})

test('of a conversation the newest is found in whatever order this device has its messages', async () => {
  const device = kept([email('bb', { threadId: 'a' }), email('a')])
  expect((await found('pulp', new Objects(), device)).at(-1)).toEqual(['bb'])
})

test('bodies that are here are looked through after the rows', async () => {
  const device = kept([email('a'), email('bb', { hasAttachment: true })], [body('bb', 'a Lieferschein', ['note.pdf'])])
  expect(await found('lieferschein', new Objects(), device)).toEqual([[], ['bb']])
  expect((await found('filename:pdf', new Objects(), device)).at(-1)).toEqual(['bb'])
})

test('Spam is left out unless the search names it, and own sent mail is in', async () => {
  const device = kept([email('a', { mailboxIds: { j: true } }), email('bb', { mailboxIds: { s: true } })])
  expect((await found('pulp', new Objects(), device)).at(-1)).toEqual(['bb'])
  expect((await found('pulp in:anywhere', new Objects(), device)).at(-1)).toEqual(['bb', 'a'])
  expect((await found('pulp in:spam', new Objects(), device)).at(-1)).toEqual(['a'])
  expect([leavesOut(plan('pulp')), leavesOut(plan('in:spam')), leavesOut(plan(''))]).toEqual([true, false, false])
})

test('it ends once the mail server has answered', async () => {
  expect(await found('pulp', new Objects(), kept([email('a')]), () => false)).toEqual([])
})

test('words that must not occur are not marked', () => {
  expect(plan('a -b subject:c from:d "e f"').words).toEqual(['a', 'c', 'e f'])
})

test('whom one writes to comes before who writes most, and oneself is nobody', async () => {
  const objects = new Objects()
  objects.putEmails([
    email('a'),
    email('bb'),
    email('ccc', { from: [{ name: 'Me', email: 'Alice@example.org' }], to: [{ name: 'Mara', email: 'mara@x.org' }] })
  ])
  const people = await correspondents(objects, kept([email('a'), email('dddd')]), ME)
  expect(people.map(({ address }) => address)).toEqual(['mara@x.org', 'jonas@example.net'])
})

test('what is kept a moment behind what is known is shown once it has caught up', async () => {
  const objects = new Objects()
  const found = email('a')
  let isCurrent = false
  const searches = Object.assign(kept([found]), {
    threadsOf: () => Promise.resolve(isCurrent ? { threads: [{ id: 'a', emailIds: ['a'] }], emails: [found] } : null)
  })
  const guessed: string[][] = []
  const later: (() => void)[] = []
  const session = {
    kept: { searches: () => Promise.resolve(searches) },
    facts: { generation: 1 },
    objects,
    trouble: null,
    list: { key: 'k', list: { queryState: null }, guess: (ids: string[]) => guessed.push(ids) },
    changed: () => undefined,
    ports: { after: (_: number, work: () => void) => later.push(work) }
  }
  const search = new DeviceSearch(session as never, read)
  await search.look(plan('pulp'), 'k')
  expect(guessed).toEqual([])
  isCurrent = true
  later.shift()?.()
  await vi.waitFor(() => expect(guessed.at(-1)).toEqual(['a']))
})
