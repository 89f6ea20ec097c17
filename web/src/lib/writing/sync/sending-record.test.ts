import { EMPTY, newlyKept, type KeptDraft, type Sending } from '#lib/writing/domain/draft.ts'
import { withSending } from '#lib/writing/domain/sending-start.ts'
import type { Session } from '#lib/sync/session.ts'
import type { DraftChange, Drafts } from '#lib/writing/sync/drafts.ts'
import { OwnedElsewhere, SendingRecord, UndoRequested } from '#lib/writing/sync/sending-record.ts'
import { expect, test } from 'vitest'

const NOW = Date.UTC(2026, 10, 28)
const BEGINNING = { messageId: 'm', owner: 'here', now: NOW, leaveAt: null, mostHeld: 0, undo: 0 }

function scene(changes: Partial<Sending>, isWritten = true): { record: SendingRecord; sending: () => Sending | null } {
  let kept: KeptDraft | null = withSending(newlyKept('d', EMPTY, { writer: 'here', now: NOW }), BEGINNING)
  kept = { ...kept, sending: kept.sending && { ...kept.sending, step: 'stored', ...changes } }
  const update = (_: string, change: DraftChange): Promise<boolean> => {
    kept = kept && change(kept)
    return Promise.resolve(isWritten)
  }
  const session = { ports: { now: () => NOW } } as unknown as Session
  const record = new SendingRecord(session, { tab: 'here', update } as unknown as Drafts, 'd')
  return { record, sending: () => kept?.sending ?? null }
}

test('a message whose sending was undone meanwhile is not submitted', async () => {
  const { record, sending } = scene({ undo: true })
  await expect(record.step('stored', { step: 'submitting' }, { unlessUndone: true })).rejects.toThrow(UndoRequested)
  expect(sending()?.step).toBe('stored')
})

test('a tab that does not own the record any more takes no step', async () => {
  const { record, sending } = scene({ owner: 'there' })
  await expect(record.step('stored', { step: 'submitting' })).rejects.toThrow(OwnedElsewhere)
  expect(sending()?.step).toBe('stored')
})

test('a request whose step this device cannot keep is not made: the record goes back to the step before', async () => {
  const { record, sending } = scene({}, false)
  await expect(record.step('stored', { step: 'submitting' })).rejects.toMatchObject({ code: 'not_kept' })
  expect(sending()?.step).toBe('stored')
})

test('a step that only says what is known is taken, also if this device cannot keep it', async () => {
  const { record, sending } = scene({ step: 'submitting' }, false)
  await record.step('submitting', { step: 'held' })
  expect(sending()?.step).toBe('held')
})
