import type { Labels } from '#lib/state/mail.ts'
import { filters as words } from '#lib/words/en/filters.ts'
import { expect, test } from 'vitest'
import { summaryOf } from './summary.ts'

const around = {
  folders: { pathOf: (id: string) => (id === 'j' ? 'Paper/Receipts' : null), trashId: null },
  labels: { byKeyword: () => undefined } as unknown as Labels
}

test.each([
  ['move', ''],
  ['copy', ''],
  ['label', ''],
  ['forward', '']
] as const)('an action to %s for which nothing is chosen does nothing yet', (kind, value) => {
  expect(summaryOf({ actions: [{ kind, value }] }, words, around)).toBe('does nothing yet')
})

test('a folder is named with those around it, and one that is gone is called so', () => {
  expect(summaryOf({ actions: [{ kind: 'move', value: 'j' }] }, words, around)).toBe('move to Paper / Receipts')
  expect(summaryOf({ actions: [{ kind: 'move', value: 'x' }] }, words, around)).toBe('move to A folder that is gone')
})
