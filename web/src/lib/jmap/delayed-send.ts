/** For how long the mail server holds mail before it sends it (RFC 8621 §1.3.2). */
import { capabilityOf, SUBMISSION, type JmapClient } from './client.ts'

interface Offered {
  readonly maxDelayedSend?: unknown
  readonly submissionExtensions?: Readonly<Record<string, unknown>>
}

/**
 * Seconds; 0: it does not hold mail. Cyrus 3.6.1 states `maxDelayedSend` without FUTURERELEASE, accepts a message with HOLDFOR
 * as pending, and never sends it where nothing serves its queue: the message would be lost.
 */
export function maxDelayedSend(client: JmapClient): number {
  const offered = capabilityOf(client, SUBMISSION) as Offered | null
  const names = Object.keys(offered?.submissionExtensions ?? {})
  const holds = names.some((name) => name.toUpperCase() === 'FUTURERELEASE')
  return holds && typeof offered?.maxDelayedSend === 'number' ? offered.maxDelayedSend : 0
}
