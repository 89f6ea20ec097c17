/** Leaving a mailing list by one request, which the service sends (RFC 8058): no list learns who reads, and where. */
import { failureOf, noResponse } from '#lib/jmap/errors.ts'
import type { Id } from '#lib/jmap/types.ts'
import type { Ports } from './ports.ts'

/** Milliseconds: the mail server is asked for the message first, then the list. */
const PATIENCE = 90_000

/** Raises JmapFailure: with `not_one_click` and what begins with `list_server_`, the person may still do it themselves. */
export async function unsubscribe({ fetch, origin, now }: Ports, emailId: Id): Promise<void> {
  const response = await fetch(new URL('/api/unsubscribe', origin), {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email_id: emailId }),
    signal: AbortSignal.timeout(PATIENCE)
  }).catch(() => {
    throw noResponse()
  })
  if (!response.ok) throw await failureOf(response, now())
}
