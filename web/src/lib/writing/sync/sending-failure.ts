/** What a failure means for a message that is being sent. */
import type { Trouble } from '#lib/mail/trouble.ts'
import { deliveryOf, type Submission } from '#lib/writing/domain/delivery.ts'
import type { KeptDraft, Refusal } from '#lib/writing/domain/draft.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import { CHANGED, LEFT_BEFORE, SENT_ELSEWHERE } from './final-email.ts'

/** Code of a failure: nobody knows whether the message left. */
export const UNKNOWN = 'outcome_unknown'

/** Code of a failure: the message reached nobody. */
export const NOBODY = 'refused_recipients'

export function refusalOf(failure: unknown): Refusal {
  return failure instanceof JmapFailure
    ? { code: failure.code, detail: failure.detail }
    : { code: 'unknown', detail: null }
}

/** What a refusal changes in the draft: a version that another device changed or sent is never replaced. */
export function afterRefusal({ code }: Refusal): Partial<KeptDraft> {
  switch (code) {
    case CHANGED:
      return { stored: null, conflict: 'changed' }
    case SENT_ELSEWHERE:
      return { stored: null, conflict: 'sent' }
    case LEFT_BEFORE:
      return { stored: null, conflict: 'sent', maybeSubmitted: [] }
    default:
      return {}
  }
}

export function nobodyGot(submission: Submission): Refusal {
  const lines = deliveryOf(submission).refused.map(({ address, code, said }) => `${address}: ${said || code}`)
  return { code: NOBODY, detail: lines.join('\n') }
}

/**
 * Seconds for which the mail server holds mail, if it refused to hold it for `hold`; else null. Stalwart 0.16 states 30 days
 * and holds mail for 7 ("501 5.5.4 Requested hold time exceeds maximum of 604800 seconds."), or not at all, as its operator
 * decides ("501 5.5.4 FUTURERELEASE extension has been disabled.").
 */
export function holdRefused({ code, detail }: JmapFailure, hold: number): number | null {
  if (hold === 0 || code !== 'forbiddenMailFrom' || !/5\.5\.4|hold|FUTURERELEASE/iu.test(detail ?? '')) {
    return null
  }
  return Math.min(hold - 1, Number(/maximum of (\d+) seconds/u.exec(detail ?? '')?.[1] ?? 0))
}

/** What is missing: a person who is signed out has a connection, but must sign in. */
export function missingFor({ code }: Trouble): 'connection' | 'session' {
  return code === 'no_session' || code === 'session_aal2_required' ? 'session' : 'connection'
}
