/** What a person sees while the mailbox is made: three steps and a sentence, from the preparation that the service tells. */
import type { Preparation } from '#lib/accounts/me.ts'

export type StepMark = 'done' | 'running' | 'waiting' | 'paused' | 'failed' | 'ahead'

/** The second step, "your mailbox is made", in the form it has now. */
export type ShownPreparation =
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
  /** `minutes` until another address is found, once the person has chosen one; the service does not know of it before */
  | { readonly kind: 'taken'; readonly minutes: number | null }
  /** `domains`: of some that are served, where the one of the address is not */
  | {
      readonly kind: 'refused'
      readonly code: string
      readonly domains: readonly string[]
      readonly minutes: number | null
    }
  | { readonly kind: 'failed'; readonly attempts: number; readonly at: string }
  | { readonly kind: 'missing'; readonly since: string }

/** An attempt that should have begun this long ago waits for the mail server, whatever else is known. */
const OVERDUE_SECONDS = 5

/** So long nobody is told that a registration was not heard of. */
const UNHEARD_SECONDS = 5

/** More of them are no help to choose. */
const MOST_DOMAINS = 5

/** @param now milliseconds since 1970 by the server's clock */
export function shownPreparation(preparation: Preparation, now: number): ShownPreparation {
  switch (preparation.state) {
    case 'none':
      // Kratos may still be telling us of the registration: it waits for a slow login, for example.
      if (now - Date.parse(preparation.now) < UNHEARD_SECONDS * 1000) return { kind: 'running' }
      return { kind: 'unheard', minutes: minutesUntilFound(preparation) }
    case 'ready':
      return {
        kind: 'ready',
        attempts: preparation.attempts,
        seconds: secondsBetween(preparation.requested_at, preparation.ready_at),
        at: preparation.ready_at
      }
    case 'missing':
      return { kind: 'missing', since: preparation.cause?.since ?? preparation.now }
    case 'failed':
    case 'refused':
      return failure(preparation)
    case 'preparing':
      return waiting(preparation, now)
  }
}

export function markOf(shown: ShownPreparation): StepMark {
  switch (shown.kind) {
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

function failure(preparation: Preparation): ShownPreparation {
  const found = preparation.failure
  const minutes = minutesUntilFound(preparation)
  if (found?.kind === 'address_taken') return { kind: 'taken', minutes }
  if (found?.kind === 'address_refused') {
    const domains = (preparation.domains ?? []).slice(0, MOST_DOMAINS)
    return { kind: 'refused', code: found.code ?? 'unknown', domains, minutes }
  }
  return { kind: 'failed', attempts: preparation.attempts, at: found?.since ?? preparation.now }
}

function waiting(preparation: Preparation, now: number): ShownPreparation {
  const since = preparation.cause?.since ?? null
  switch (preparation.cause?.kind) {
    case 'mail_server_away':
      return { kind: 'away', since }
    case 'misconfigured':
    case 'paused':
      return { kind: 'operator', since }
  }
  if (preparation.next_attempt_at === null) return { kind: 'running' }
  const seconds = (Date.parse(preparation.next_attempt_at) - now) / 1000
  if (seconds < -OVERDUE_SECONDS) return { kind: 'away', since: preparation.next_attempt_at }
  const left = Math.max(0, Math.ceil(seconds))
  if (preparation.cause?.kind === 'throttled') return { kind: 'throttled', seconds: left }
  // Without a cause it waits for its turn, a moment.
  if (preparation.cause === null || preparation.retry === 0) return { kind: 'running' }
  return {
    kind: 'attempt',
    attempt: preparation.retry + 1,
    of: preparation.max_attempts,
    seconds: left,
    late: preparation.retry >= 2
  }
}

function minutesUntilFound({ sweep_seconds }: Preparation): number | null {
  return sweep_seconds === null ? null : Math.max(1, Math.round(sweep_seconds / 60))
}

function secondsBetween(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000))
}
