/** What a server takes at once (RFC 8620 §2). */
import type { Limits } from './types.ts'

/** Until the session says otherwise; no server that we know allows less. */
const USUAL: Limits = { maxCallsInRequest: 16, maxObjectsInGet: 500, maxObjectsInSet: 500, maxConcurrentRequests: 4 }

/** By `stated`, where it states a positive number: with another one we would wait for ever, or ask without end. */
export function limitsOf(stated: Partial<Record<keyof Limits, unknown>> | undefined): Limits {
  const found = { ...USUAL }
  for (const name of Object.keys(USUAL) as (keyof Limits)[]) {
    const value = stated?.[name]
    if (typeof value === 'number' && value >= 1) found[name] = Math.floor(value)
  }
  return found
}
