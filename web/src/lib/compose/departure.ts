/**
 * What comes next for a message on its way. Of each step it is known what may have been done, so any tab can go on.
 *
 * Exactly once: an email is submitted by one request at most. If nobody knows whether that arrived, no second one is made
 * for it, but a new email, and only if the person wants it; the one before is destroyed first, so that the request that is
 * late finds nothing to send. What may still have left before that is looked for (`late`).
 */
import type { Sending } from '#lib/compose/draft.ts'
import type { Id } from '#lib/jmap/types.ts'
import { LONGEST_UNDO, MARGIN } from './sending-start.ts'

/** Milliseconds before each question what became of a request without a response: the server may still be at it. */
export const ASK_AFTER: readonly number[] = [2_000, 5_000, 15_000]

/** Milliseconds after which a destroyed email cannot be submitted any more: Stalwart 0.16 reads a part of it that it removes
 * a moment later, in a task of its own (EmailField::Metadata). */
export const LATE = 5_000

/** Milliseconds after which others may well have changed or sent it. */
const FRESH = 5_000

/** Milliseconds by which clocks are corrected now and then. */
const CORRECTION = 60_000

/** Milliseconds. A timer of more than 24 days fires at once (WHATWG HTML §8.7), and the clock may be set meanwhile. */
export const LONGEST_WAIT = 3_600_000

export interface Held {
  readonly emailId: Id
  readonly submissionId: Id
  /** milliseconds since 1970 */
  readonly sendAt: number
}

/** What another device sent, and the mail server holds. */
export function heldBefore(
  { emailId, submissionId, sendAt }: Held,
  messageId: string,
  owner: string,
  now: number
): Sending {
  return {
    ...{ messageId, dueAt: now, holdFor: 0, leaveAt: sendAt, step: 'held', emailId, submissionId, handedAt: now },
    ...{ owner, steppedAt: now, goesOnAt: now, late: [], edited: false, undo: false, again: false }
  }
}

/** Seconds for which the mail server is asked to hold it: what is left of the time in which it can be taken back. That runs
 * from when the person sent it, offline, too. The clock may have been set back since. */
export function holdOf({ dueAt, holdFor, leaveAt }: Sending, now: number): number {
  const left = Math.min(holdFor, holdFor + Math.ceil((dueAt - now) / 1_000))
  const hold = left > MARGIN ? left : 0
  return leaveAt === null ? hold : Math.max(hold, Math.ceil((leaveAt - now) / 1_000))
}

/** Until when it can be taken back, as the person is told: milliseconds since 1970. */
export function undoneUntil(sending: Sending, now: number): number {
  if (sending.leaveAt !== null && sending.leaveAt > now) {
    return sending.leaveAt - MARGIN * 1_000
  }
  const until = sending.dueAt + Math.max(0, sending.holdFor - MARGIN) * 1_000
  if (sending.handedAt === null) {
    return until
  }
  // The mail server begins to hold it later than it was asked to, never sooner.
  return Math.min(until, sending.handedAt + Math.max(0, holdOf(sending, sending.handedAt) - MARGIN) * 1_000)
}

/** When the mail server lets it go. */
function leavesAt(sending: Sending): number {
  const { handedAt } = sending
  return handedAt === null ? sending.dueAt : handedAt + holdOf(sending, handedAt) * 1_000
}

/** Whether it lies in Sent, perhaps, and has not left. */
export function isHeld(sending: Sending, now: number): boolean {
  const { step } = sending
  const isThere = step === 'submitting' || step === 'held' || step === 'undoing'
  return step === 'returning' || (isThere && leavesAt(sending) > now)
}

export type Next =
  | { readonly do: 'wait'; readonly until: number }
  /** make the email; look whether it is made; look whether it, or one before it, left; submit it; look whether it was */
  | { readonly do: 'store' | 'find' | 'check' | 'submit' | 'look' }
  /** it is for the person to decide */
  | { readonly do: 'ask' }
  /** take it back; it is too late for that; look whether it was taken back; put its email among the drafts */
  | { readonly do: 'cancel' | 'tooLate' | 'lookBack' | 'return' }
  /** it has left; it is a draft again */
  | { readonly do: 'finish' | 'end' }

export function nextOf(sending: Sending, now: number): Next {
  switch (sending.step) {
    case 'waiting':
      return { do: sending.undo ? 'end' : 'store' }
    case 'storing':
      return { do: 'find' }
    case 'stored':
      return ofStored(sending, now)
    case 'submitting':
      return { do: 'look' }
    case 'unknown':
      return { do: sending.again || sending.undo ? 'look' : 'ask' }
    case 'held':
      return ofHeld(sending, now)
    case 'undoing':
      return { do: 'lookBack' }
    case 'returning':
      return { do: 'return' }
  }
}

/** The clock was set back since the last step, or before it: nobody waits for it to come there again. Only what the person
 * chose lies further ahead than `until`. */
function isSetBack({ steppedAt, leaveAt, holdFor }: Sending, until: number, now: number): boolean {
  const isAhead = until - now > CORRECTION + (LONGEST_UNDO + holdFor) * 1_000
  return leaveAt === null && (now < steppedAt - CORRECTION || isAhead)
}

function ofStored(sending: Sending, now: number): Next {
  if (sending.undo) {
    return { do: 'end' }
  }
  const isBack = isSetBack(sending, sending.dueAt, now)
  if (sending.late.length === 0 && isBack) {
    return { do: 'check' }
  }
  const dueAt = isBack ? now : sending.dueAt
  const until = sending.late.length > 0 ? Math.max(dueAt, sending.steppedAt + LATE) : dueAt
  if (now < until) {
    return waiting(until, now)
  }
  // It lies among the drafts, where others see it, too.
  return { do: sending.late.length > 0 || now - sending.steppedAt > FRESH ? 'check' : 'submit' }
}

function ofHeld(sending: Sending, now: number): Next {
  if (sending.undo) {
    return { do: sending.submissionId !== null && now < undoneUntil(sending, now) ? 'cancel' : 'tooLate' }
  }
  const until = leavesAt(sending)
  return now < until && !isSetBack(sending, until, now) ? waiting(until, now) : { do: 'finish' }
}

/** Nothing is to be done now. */
export function isIdle(sending: Sending, now: number): boolean {
  const next = nextOf(sending, now).do
  return next === 'wait' || next === 'ask'
}

function waiting(until: number, now: number): Next {
  return { do: 'wait', until: Math.min(until, now + LONGEST_WAIT) }
}
