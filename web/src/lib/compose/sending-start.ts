/** How a message begins to be sent. */
import type { KeptDraft, Sending } from '#lib/compose/draft.ts'

/** Seconds in which a message can be taken back, at the most that a person can choose. */
export const LONGEST_UNDO = 30

/**
 * Seconds that the mail server holds it longer. Stalwart 0.16 confirms that a mail was cancelled while it delivers it
 * already (crates/jmap/src/submission/set.rs: it is still in the queue), so nothing is cancelled at the last moment.
 */
export const MARGIN = 2

export interface Beginning {
  readonly messageId: string
  readonly owner: string
  readonly now: number
  /** when it is to leave; null: as soon as it cannot be taken back */
  readonly leaveAt: number | null
  /** seconds for which the mail server holds mail */
  readonly mostHeld: number
  /** seconds in which it can be taken back */
  readonly undo: number
}

/** What the person sends. */
export function departing(kept: KeptDraft, { messageId, owner, now, leaveAt, mostHeld, undo }: Beginning): KeptDraft {
  const isHeld = undo > 0 && mostHeld >= undo + MARGIN
  const sending: Sending = {
    messageId,
    dueAt: isHeld ? now : now + undo * 1_000,
    holdFor: isHeld ? undo + MARGIN : 0,
    leaveAt,
    step: 'waiting',
    emailId: null,
    submissionId: null,
    handedAt: null,
    owner,
    steppedAt: now,
    goesOnAt: now,
    late: kept.handedOver ?? [],
    edited: (kept.handedOver ?? []).length > 0,
    undo: false,
    again: false
  }
  return { ...kept, sending, refusal: null }
}
