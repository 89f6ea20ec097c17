/** Whether a reply to all reaches more people than a reply. */
import { replyTo, type ParentAddresses } from '#lib/writing/domain/reply.ts'

/** A reply to all goes to somebody to whom a reply does not go. */
export function reachesMore(message: ParentAddresses): boolean {
  const reached = new Set(replyTo(message).map(({ address }) => address.toLowerCase()))
  return [...message.to, ...message.cc].some(({ address, own }) => !own && !reached.has(address.toLowerCase()))
}
