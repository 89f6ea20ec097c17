import { words } from '#lib/words/en.ts'
import { expect, test } from 'vitest'
import type { MailboxItem, Role } from './mail.ts'
import { offersFor, refuges } from './sidebar-menu.ts'
import { foldersIn } from './mailbox-items.ts'
import { sectionsOf, treeStep, type SidebarEntry } from './sidebar.ts'
import { timesAsLong } from '../../../tests/processor-time.ts'

const MAY = { addItems: true, removeItems: true, setSeen: true, createChild: true, rename: true, remove: true }

function box(id: string, values: Partial<MailboxItem> = {}): MailboxItem {
  const role = (['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash'] as Role[]).find((one) => one === id) ?? null
  const plain = { parentId: null, depth: 0, count: 0, messages: 0, may: MAY }
  return { id, name: id.toUpperCase(), role, ...plain, ...values }
}

const STANDARD = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash'].map((role) => box(role))
const PACK = [
  box('pack', { count: 2 }),
  box('paper', { parentId: 'pack', depth: 1, count: 1 }),
  box('old', { parentId: 'paper', depth: 2, count: 4 }),
  box('shelf', { parentId: 'pack', depth: 1 }),
  box('receipts')
]

function entries(items: readonly MailboxItem[], collapsed: readonly string[] = []): SidebarEntry[] {
  return sectionsOf({ items, labels: [], searches: [], collapsed: new Set(collapsed) }, words.mail).flatMap(
    (one) => one.entries
  )
}

function keys(items: readonly MailboxItem[], collapsed: readonly string[] = []): string[] {
  return entries(items, collapsed).map(({ key }) => key)
}

function find(items: readonly MailboxItem[], key: string, collapsed: readonly string[] = []): SidebarEntry | undefined {
  return entries(items, collapsed).find((entry) => entry.key === key)
}

test('Starred stands behind the inbox and all mail before Spam, whichever mailboxes there are', () => {
  expect(keys(STANDARD)).toEqual(['inbox', 'starred', 'drafts', 'sent', 'archive', 'all', 'junk', 'trash'])
  expect(keys([box('inbox'), box('trash')])).toEqual(['inbox', 'starred', 'all', 'trash'])
  expect(keys([box('inbox')])).toEqual(['inbox', 'starred', 'all'])
  expect(keys([])).toEqual(['starred', 'all'])
})

test('folders inside of a standard mailbox stand below it, others below their heading', () => {
  const inside = [box('inbox'), box('team', { parentId: 'inbox', depth: 1 }), box('trash'), box('other')]
  const [standard, folders] = sectionsOf({ items: inside, labels: [], searches: [], collapsed: new Set() }, words.mail)
  expect(standard?.entries.map(({ key }) => key)).toEqual(['inbox', 'team', 'starred', 'all', 'trash'])
  expect(folders?.entries.map(({ key }) => key)).toEqual(['other'])
})

test('a collapsed branch shows the sum of what is in it, an open one its own', () => {
  expect(keys(PACK).slice(2)).toEqual(['pack', 'paper', 'old', 'shelf', 'receipts'])
  expect(keys(PACK, ['pack']).slice(2)).toEqual(['pack', 'receipts'])
  expect([find(PACK, 'pack')?.count, find(PACK, 'pack', ['pack'])?.count]).toEqual([2, 7])
  expect(find(PACK, 'paper', ['paper'])).toMatchObject({ count: 5, countName: '5 unread', wantsAttention: true })
})

test('what is inside a collapsed branch wants attention, also if the branch is quiet itself', () => {
  const items = [box('trash', { count: 3 }), box('x', { parentId: 'trash', depth: 1, count: 1 })]
  expect(find(items, 'trash')?.wantsAttention).toBe(false)
  expect(find(items, 'trash', ['trash'])).toMatchObject({ wantsAttention: true, count: 4 })
})

test('each entry knows its level, its place among its siblings, and whether it is open', () => {
  const shown = entries(PACK, ['paper'])
    .slice(2)
    .map(({ key, level, position, siblings, expanded }) => [key, level, position, siblings, expanded])
  expect(shown).toEqual([
    ['pack', 1, 1, 2, true],
    ['paper', 2, 1, 2, false],
    ['shelf', 2, 2, 2, null],
    ['receipts', 1, 2, 2, null]
  ])
})

test('labels are views of their keyword', () => {
  const labels = [{ keyword: 'waiting', name: 'Waiting', colour: 2 as const }]
  const found = sectionsOf({ items: [], labels, searches: [], collapsed: new Set() }, words.mail)[2]?.entries[0]
  expect(found).toMatchObject({ href: '/mail/label%3Awaiting', name: 'Waiting', colour: 2, label: 'waiting' })
})

test('saved searches stand above the labels, and only if there are any', () => {
  const kinds = (searches: { name: string; query: string }[]): unknown[] =>
    sectionsOf({ items: [], labels: [], searches, collapsed: new Set() }, words.mail).map(({ kind }) => kind)
  expect(kinds([])).toEqual(['standard', 'folders', 'labels'])
  expect(kinds([{ name: 'Bills', query: 'is:unread bill' }])).toEqual(['standard', 'folders', 'searches', 'labels'])
  const searches = [{ name: 'Bills', query: 'is:unread bill' }]
  const [found] = sectionsOf({ items: [], labels: [], searches, collapsed: new Set() }, words.mail)[2]?.entries ?? []
  expect(found).toMatchObject({ name: 'Bills', href: '/mail/search?q=is%3Aunread%20bill', icon: 'search' })
})

test.each([
  ['pack', 'ArrowDown', { to: 'paper' }],
  ['paper', 'ArrowUp', { to: 'pack' }],
  ['starred', 'ArrowUp', null],
  ['receipts', 'ArrowDown', null],
  ['pack', 'Home', { to: 'starred' }],
  ['pack', 'End', { to: 'receipts' }],
  ['pack', 'ArrowRight', { to: 'paper' }],
  ['paper', 'ArrowRight', { branch: 'paper', expanded: true }],
  ['shelf', 'ArrowRight', null],
  ['paper', 'ArrowLeft', { to: 'pack' }],
  ['shelf', 'ArrowLeft', { to: 'pack' }],
  ['pack', 'ArrowLeft', { branch: 'pack', expanded: false }],
  ['receipts', 'ArrowLeft', null],
  ['pack', 'j', null]
])('at %s, %s is %j', (at, key, step) => {
  expect(treeStep(entries(PACK, ['paper']), at, key)).toEqual(step)
})

test('right to left, the arrows that go inside and outside are mirrored', () => {
  expect(treeStep(entries(PACK), 'paper', 'ArrowLeft', true)).toEqual({ to: 'old' })
  expect(treeStep(entries(PACK), 'shelf', 'ArrowRight', true)).toEqual({ to: 'pack' })
})

function offered(item: MailboxItem, online = true): string[] {
  return offersFor(item, online).map(({ action, why }) => (why ? `${action}: ${why}` : action))
}

test('a folder of one’s own may be changed, a standard mailbox only emptied and read', () => {
  expect(offered(box('pack', { count: 1 }))).toEqual(['allRead', 'newInside', 'rename', 'move', 'remove'])
  expect(offered(box('trash', { messages: 3 }))).toEqual(['empty', 'newInside'])
  expect(offered(box('junk', { messages: 3 }))).toEqual(['empty', 'newInside'])
  expect(offered(box('inbox', { count: 1, messages: 3 }))).toEqual(['allRead', 'newInside'])
  expect(offered(box('drafts', { count: 1 }))).toEqual(['newInside'])
})

test('what the server or the network forbids is told, not hidden', () => {
  const may = { ...MAY, rename: false, remove: false }
  expect(offered(box('pack', { may }))).toEqual([
    'newInside',
    'rename: notAllowed',
    'move: notAllowed',
    'remove: notAllowed'
  ])
  const kept = { ...MAY, removeItems: false }
  expect(offered(box('pack', { may: kept }))).toContain('remove: notAllowed')
  expect(offered(box('trash', { messages: 1 }), false)).toEqual([
    'empty: needsConnection',
    'newInside: needsConnection'
  ])
})

test('mail of a removed folder goes to the Trash, or where it may be added and will not go, too', () => {
  const full = box('full', { may: { ...MAY, addItems: false } })
  const found = refuges('pack', [...STANDARD, ...PACK, full]).map(({ id }) => id)
  expect(found).toEqual(['trash', 'inbox', 'sent', 'archive', 'junk', 'receipts'])
  expect(foldersIn('pack', PACK).map(({ id }) => id)).toEqual(['paper', 'old', 'shelf'])
})

test('what leaves later stands below Sent, with how much it is, if anything does', () => {
  const shown = (scheduled: number | null): readonly SidebarEntry[] => {
    const all = { items: STANDARD, labels: [], searches: [], scheduled, collapsed: new Set<string>() }
    return sectionsOf(all, words.mail)[0]?.entries ?? []
  }
  expect(shown(null)).toHaveLength(8)
  expect(shown(2).map(({ key }) => key)).toEqual(keys(STANDARD).toSpliced(4, 0, 'scheduled'))
  expect(shown(2)[4]).toMatchObject({ name: 'Scheduled', href: '/mail/scheduled', count: 2, wantsAttention: false })
})

test('ten thousand folders take no time', () => {
  const many = Array.from({ length: 10_000 }, (_, at) =>
    box(String(at), at % 100 === 0 ? {} : { parentId: String(at - (at % 100)), depth: 1 })
  )
  expect(entries(many).at(-1)).toMatchObject({ position: 99, siblings: 99, level: 2 })
  expect(entries(many, ['9900']).at(-1)).toMatchObject({ position: 100, siblings: 100, level: 1 })
  expect(timesAsLong(() => entries(many))).toBeLessThan(200)
})
