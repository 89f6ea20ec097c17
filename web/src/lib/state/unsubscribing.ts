/** Leaving the mailing list of a message by one request. */
import { unsubscribe } from '#lib/sync/unsubscribe.ts'
import type { PartContext } from './part-context.ts'
import { troubled } from './trouble-of.ts'

export interface Unsubscribing {
  /** Rejects with a `Trouble`. */
  unsubscribe(emailId: string): Promise<void>
}

export function create({ session }: PartContext): Unsubscribing {
  return { unsubscribe: (emailId) => troubled(unsubscribe(session.ports, emailId)) }
}
