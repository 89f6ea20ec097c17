/** The record of a message when its person sends it. */
import type { KeptDraft, Sending } from '#lib/writing/domain/draft.ts'

/** Seconds for Undo: the most that a person can choose. */
export const LONGEST_UNDO = 30

/**
 * Seconds by which the mail server holds it longer than it can be undone. Stalwart 0.16 confirms a cancellation also while it
 * already delivers the mail (crates/jmap/src/submission/set.rs: it is still in the queue).
 */
export const MARGIN = 2

export interface Beginning {
  readonly messageId: string
  readonly owner: string
  readonly now: number
  /** when it is to leave; null: as soon as the time for Undo is over */
  readonly leaveAt: number | null
  /** seconds for which the mail server holds mail */
  readonly mostHeld: number
  /** seconds for which the sending can be undone */
  readonly undo: number
}

export function withSending(kept: KeptDraft, { messageId, owner, now, leaveAt, mostHeld, undo }: Beginning): KeptDraft {
  const isHeld = undo > 0 && mostHeld >= undo + MARGIN
  const sending: Sending = {
    messageId,
    dueAt: isHeld ? now : now + undo * 1_000,
    holdFor: isHeld ? undo + MARGIN : 0,
    leaveAt,
    step: 'waiting',
    emailId: null,
    submissionId: null,
    submittedAt: null,
    owner,
    steppedAt: now,
    goesOnAt: now,
    late: kept.maybeSubmitted ?? [],
    edited: (kept.maybeSubmitted ?? []).length > 0,
    undo: false,
    again: false
  }
  return { ...kept, sending, refusal: null }
}
