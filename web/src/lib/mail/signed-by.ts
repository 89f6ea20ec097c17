import { domainOf } from './address.ts'
import { domainSigned, ours } from './authentication.ts'

/**
 * The domain whose signature our server verified (RFC 6376), that of the sender if there are several; null for none. Any
 * domain can sign: it says who answers for the message, not that the sender is who they say.
 */
export function signedBy(headers: readonly string[], authservId: string | null, from: string): string | null {
  const signed = (ours(headers, authservId)?.results ?? [])
    .filter(({ method, result }) => method === 'dkim' && result === 'pass')
    .flatMap(({ properties }) => domainSigned(properties) || [])
  return signed.find((domain) => domain === domainOf(from)) ?? signed[0] ?? null
}
