import type { Mail } from '#lib/state/mail.svelte.ts'
import { mail as mailWords } from '#lib/words/de/mail.ts'
import { filters as words } from '#lib/words/en/filters.ts'
import { expect, test } from 'vitest'
import { summaryOf } from './summary.ts'

const items = [
  { id: 'p', name: 'Paper', role: null, parentId: null },
  { id: 'r', name: 'Receipts', role: null, parentId: 'p' },
  { id: 't', name: 'Deleted Items', role: 'trash', parentId: null }
]
const mail = {
  mailboxes: { byId: (wanted: string) => items.find(({ id }) => id === wanted) },
  labels: { byKeyword: () => undefined }
} as unknown as Mail

test.each([
  ['move', ''],
  ['copy', ''],
  ['label', ''],
  ['forward', '']
] as const)('an action to %s for which nothing is chosen does nothing yet', (kind, value) => {
  expect(summaryOf({ actions: [{ kind, value }] }, words, mail, mailWords)).toBe('does nothing yet')
})

test('a folder is named with those around it, and one that is gone is called so', () => {
  expect(summaryOf({ actions: [{ kind: 'move', value: 'r' }] }, words, mail, mailWords)).toBe(
    'move to Paper / Receipts'
  )
  expect(summaryOf({ actions: [{ kind: 'move', value: 'x' }] }, words, mail, mailWords)).toBe(
    'move to A folder that is gone'
  )
})

test('a folder with a role is called as in the sidebar, whatever the mail server calls it', () => {
  expect(summaryOf({ actions: [{ kind: 'move', value: 't' }] }, words, mail, mailWords)).toBe('move to Papierkorb')
})
