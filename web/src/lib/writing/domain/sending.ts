/**
 * The next step of a message that is being sent. Each step tells what may have been done, so any tab can continue.
 *
 * An email is submitted by one request at most. If nobody knows whether that request arrived, there is no second one for the
 * same email. If the person wants to send the message once more, a new email is made, and the former one is destroyed first,
 * so that a late request finds nothing to send. `late` holds the former ones, which may have left before that.
 */
import type { Sending } from '#lib/writing/domain/draft.ts'
import type { Id } from '#lib/jmap/types.ts'
import { LONGEST_UNDO, MARGIN } from './sending-start.ts'

/** Milliseconds before each question what became of a request without a response: the server may still be busy with it. */
export const ASK_AFTER: readonly number[] = [2_000, 5_000, 15_000]

/** Milliseconds after which a destroyed email cannot be submitted any more. Stalwart 0.16 reads a part of it
 * (EmailField::Metadata) which it removes a moment later, in a task of its own. */
export const LATE = 5_000

/** Milliseconds after which another device may have changed or sent the email. */
const FRESH = 5_000

/** Milliseconds by which a clock may be corrected. */
const CORRECTION = 60_000

/** Milliseconds. A timer of more than 24 days fires at once (WHATWG HTML §8.7), and the clock may be set during a wait. */
export const LONGEST_WAIT = 3_600_000

export interface Held {
  readonly emailId: Id
  readonly submissionId: Id
  /** milliseconds since 1970 */
  readonly sendAt: number
}

/** The record of what another device sent and the mail server holds. */
export function heldBefore(
  { emailId, submissionId, sendAt }: Held,
  messageId: string,
  owner: string,
  now: number
): Sending {
  return {
    ...{ messageId, dueAt: now, holdFor: 0, leaveAt: sendAt, step: 'held', emailId, submissionId, submittedAt: now },
    ...{ owner, steppedAt: now, goesOnAt: now, late: [], edited: false, undo: false, again: false }
  }
}

/** Seconds for which the mail server is asked to hold it: the rest of the time for Undo, which begins when the person sends
 * it, also offline. The clock may have been set back since. */
export function holdOf({ dueAt, holdFor, leaveAt }: Sending, now: number): number {
  const left = Math.min(holdFor, holdFor + Math.ceil((dueAt - now) / 1_000))
  const hold = left > MARGIN ? left : 0
  return leaveAt === null ? hold : Math.max(hold, Math.ceil((leaveAt - now) / 1_000))
}

/** Until when the person can undo the sending: milliseconds since 1970. */
export function undoneUntil(sending: Sending, now: number): number {
  if (sending.leaveAt !== null && sending.leaveAt > now) {
    return sending.leaveAt - MARGIN * 1_000
  }
  const until = sending.dueAt + Math.max(0, sending.holdFor - MARGIN) * 1_000
  if (sending.submittedAt === null) {
    return until
  }
  // The mail server begins to hold it later than it was asked to, never sooner.
  return Math.min(until, sending.submittedAt + Math.max(0, holdOf(sending, sending.submittedAt) - MARGIN) * 1_000)
}

/** When the mail server lets it go. */
function leavesAt(sending: Sending): number {
  const { submittedAt } = sending
  return submittedAt === null ? sending.dueAt : submittedAt + holdOf(sending, submittedAt) * 1_000
}

/** Whether it may be in Sent though it has not left. */
export function isHeld(sending: Sending, now: number): boolean {
  const { step } = sending
  const isThere = step === 'submitting' || step === 'held' || step === 'undoing'
  return step === 'returning' || (isThere && leavesAt(sending) > now)
}

export type Next =
  | { readonly do: 'wait'; readonly until: number }
  /** make the email; find out whether it was made; find out whether it, or a former one, left; submit it; find out whether
   * it was submitted */
  | { readonly do: 'store' | 'find' | 'check' | 'submit' | 'look' }
  /** the person must decide */
  | { readonly do: 'ask' }
  /** cancel the submission; it is too late for that; find out whether it was canceled; move the email back to Drafts */
  | { readonly do: 'cancel' | 'tooLate' | 'findCancel' | 'return' }
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
      return { do: 'findCancel' }
    case 'returning':
      return { do: 'return' }
  }
}

/** Whether the clock was set back, so that waiting until `until` would take too long. Only a time that the person chose is
 * further ahead. */
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
  // It is in Drafts, where other devices see it.
  return { do: sending.late.length > 0 || now - sending.steppedAt > FRESH ? 'check' : 'submit' }
}

function ofHeld(sending: Sending, now: number): Next {
  if (sending.undo) {
    return { do: sending.submissionId !== null && now < undoneUntil(sending, now) ? 'cancel' : 'tooLate' }
  }
  const until = leavesAt(sending)
  return now < until && !isSetBack(sending, until, now) ? waiting(until, now) : { do: 'finish' }
}

/** Whether nothing is to be done now. */
export function isIdle(sending: Sending, now: number): boolean {
  const next = nextOf(sending, now).do
  return next === 'wait' || next === 'ask'
}

function waiting(until: number, now: number): Next {
  return { do: 'wait', until: Math.min(until, now + LONGEST_WAIT) }
}
