/** Ways to read a blob. */

/** What this device has of it, without asking the network; else the response is an error. */
export const FROM_CACHE: RequestInit = { cache: 'only-if-cached', mode: 'same-origin' }

export function wholeBlob(response: Response): Promise<Blob> {
  return response.blob()
}

/** Nothing of it is wanted but that it is there. */
export async function discarded(response: Response): Promise<void> {
  await response.body?.cancel()
}

/** The first octets of a blob, and whether that is all of it. What is beyond is not loaded. */
export interface Beginning {
  readonly octets: Uint8Array<ArrayBuffer>
  readonly whole: boolean
}

/** At most `most` octets. */
export async function beginningOf(response: Response, most: number): Promise<Beginning> {
  const reader = response.body?.getReader()
  const parts: Uint8Array[] = []
  let size = 0
  let ended = !reader
  while (reader && size <= most) {
    const { value, done } = await reader.read()
    if (done) {
      ended = true
      break
    }
    parts.push(value)
    size += value.length
  }
  if (!ended) {
    // Nobody waits for the rest: a failure to end it changes nothing.
    await reader?.cancel().catch(() => undefined)
  }
  const octets = new Uint8Array(Math.min(size, most))
  let at = 0
  for (const part of parts) {
    const wanted = part.subarray(0, most - at)
    octets.set(wanted, at)
    at += wanted.length
  }
  return { octets, whole: ended && size <= most }
}
