import type { Mail } from '#lib/state/mail.svelte.ts'
import { hitIn, isNew, matching, picksFor, type Pick } from '#lib/actions/state/picks.ts'
import { mail as words } from '#lib/words/en/mail.ts'
import { expect, test } from 'vitest'

const items = [
  { id: 'i', role: 'inbox', name: 'INBOX', depth: 0 },
  { id: 'd', role: 'drafts', name: 'Drafts', depth: 0 },
  { id: 'p', role: null, name: 'Packraum', depth: 0 },
  { id: 'd2', role: null, name: 'Papier & Druck', depth: 1 },
  { id: 'v', role: null, name: 'Vereine', depth: 0 }
].map((item) => ({ ...item, may: { addItems: item.id !== 'v' } }))
const MAIL = {
  list: { mailboxId: 'i' },
  mailboxes: { items, byId: (id: string) => items.find((item) => item.id === id) },
  labels: { items: [{ keyword: 'waiting', name: 'Waiting', colour: 2 }] }
} as unknown as Mail

const names = (picks: readonly Pick[]) => picks.map(({ name }) => name)

test('folders are named with those above them; mail is moved only to where it may be, and neither to where it is nor to where it is written', () => {
  expect(names(picksFor('move', MAIL, words))).toEqual(['Packraum', 'Packraum / Papier & Druck'])
  expect(names(picksFor('label', MAIL, words))).toEqual(['Waiting'])
  expect(names(picksFor('go', MAIL, words))).toContain('Inbox')
  expect(names(picksFor('go', MAIL, words))).toContain('Waiting')
})

test('typing filters, whatever the case and the accents; words that begin so come first', () => {
  const picks = ['Sparpapier', 'Packraum / Papier', 'Café'].map((name) => ({
    kind: 'mailbox' as const,
    id: name,
    name
  }))
  expect(names(matching(picks, 'pap'))).toEqual(['Packraum / Papier', 'Sparpapier'])
  expect(names(matching(picks, 'cafe'))).toEqual(['Café'])
  expect(matching(picks, '(')).toEqual([])
  expect(matching(picks, '')).toHaveLength(3)
})

test('the hit is marked', () => {
  expect(hitIn('Packraum / Papier', 'PAP')).toEqual(['Packraum / ', 'Pap', 'ier'])
  expect(hitIn('Packraum', '')).toEqual(['Packraum', '', ''])
})

test('a new one is offered unless there is one of that name', () => {
  const picks = picksFor('label', MAIL, words)
  expect([isNew(picks, 'waiting '), isNew(picks, 'Wait'), isNew(picks, ' ')]).toEqual([false, true, false])
})
