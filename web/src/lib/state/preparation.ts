/** What a person sees while the mailbox is made: three steps and a sentence, from the progress that the service tells. */
import type { Progress } from '#lib/accounts/me.ts'

export type StepMark = 'done' | 'running' | 'waiting' | 'paused' | 'failed' | 'ahead'

/** The second step, "your mailbox is made", in the form it has now. */
export type Situation =
  | { readonly kind: 'running' }
  /** the next attempt is due in `seconds`; `late` from the third on */
  | {
      readonly kind: 'attempt'
      readonly attempt: number
      readonly of: number
      readonly seconds: number
      readonly late: boolean
    }
  | { readonly kind: 'throttled'; readonly seconds: number }
  | { readonly kind: 'away'; readonly since: string | null }
  | { readonly kind: 'operator'; readonly since: string | null }
  /** nobody heard of the registration yet; `minutes` until it is found, null where nothing looks for it */
  | { readonly kind: 'unheard'; readonly minutes: number | null }
  | { readonly kind: 'ready'; readonly attempts: number; readonly seconds: number | null; readonly at: string | null }
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'failed'; readonly attempts: number; readonly at: string }
  | { readonly kind: 'missing'; readonly since: string }

/** An attempt that should have begun this long ago waits for the mail server, whatever else is known. */
const OVERDUE_SECONDS = 5

/** @param now milliseconds since 1970 by the server's clock */
export function situationOf(progress: Progress, now: number): Situation {
  switch (progress.state) {
    case 'none':
      return {
        kind: 'unheard',
        minutes: progress.sweep_seconds === null ? null : Math.max(1, Math.round(progress.sweep_seconds / 60))
      }
    case 'ready':
      return {
        kind: 'ready',
        attempts: progress.attempts,
        seconds: secondsBetween(progress.requested_at, progress.ready_at),
        at: progress.ready_at
      }
    case 'missing':
      return { kind: 'missing', since: progress.cause?.since ?? progress.now }
    case 'failed':
    case 'refused':
      return failure(progress)
    case 'preparing':
      return waiting(progress, now)
  }
}

export function markOf(situation: Situation): StepMark {
  switch (situation.kind) {
    case 'running':
      return 'running'
    case 'attempt':
    case 'throttled':
    case 'unheard':
      return 'waiting'
    case 'away':
    case 'operator':
      return 'paused'
    case 'ready':
      return 'done'
    default:
      return 'failed'
  }
}

function failure(progress: Progress): Situation {
  const found = progress.failure
  if (found?.kind === 'address_taken') return { kind: 'taken' }
  if (found?.kind === 'address_refused') return { kind: 'refused', code: found.code ?? 'unknown' }
  return { kind: 'failed', attempts: progress.attempts, at: found?.since ?? progress.now }
}

function waiting(progress: Progress, now: number): Situation {
  const since = progress.cause?.since ?? null
  switch (progress.cause?.kind) {
    case 'mail_server_away':
      return { kind: 'away', since }
    case 'misconfigured':
    case 'paused':
      return { kind: 'operator', since }
  }
  if (progress.next_attempt_at === null) return { kind: 'running' }
  const seconds = (Date.parse(progress.next_attempt_at) - now) / 1000
  if (seconds < -OVERDUE_SECONDS) return { kind: 'away', since: progress.next_attempt_at }
  const left = Math.max(0, Math.ceil(seconds))
  if (progress.cause?.kind === 'throttled') return { kind: 'throttled', seconds: left }
  // Without a cause it waits for its turn, a moment.
  if (progress.cause === null || progress.retry === 0) return { kind: 'running' }
  return {
    kind: 'attempt',
    attempt: progress.retry + 1,
    of: progress.max_attempts,
    seconds: left,
    late: progress.retry >= 2
  }
}

function secondsBetween(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000))
}
