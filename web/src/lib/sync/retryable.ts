/** Which failures pass: for what waits to be stored or sent, another try can help. */
import { JmapFailure } from '#lib/jmap/errors.ts'

/** Codes of failures that concern all requests of the person, and pass when they sign in or have a mailbox again. */
export const NOT_NOW = new Set(['no_session', 'session_aal2_required', 'mailbox_not_ready', 'mailbox_missing'])

/** The failure passes once the person, or an operator, has done something. */
export function isNotNow(failure: unknown): boolean {
  return failure instanceof JmapFailure && NOT_NOW.has(failure.code)
}

export function isRetryable(failure: unknown): boolean {
  return failure instanceof JmapFailure && (failure.transient || failure.ambiguous || isNotNow(failure))
}
