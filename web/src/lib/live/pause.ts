/** Pauses between tries. */

/** Milliseconds before a lock that was refused is asked for again. A browser may refuse it at once, as WebKit does while a
 * page is left: asking in the same turn would then go on for ever, and freeze the page. */
export const REFUSED = 1_000

const FIRST = 1_000
const LONGEST = 60_000
/** What a server may ask for. A timer of more than 24 days fires at once (WHATWG HTML §8.7), and once more, without end. */
const LONGEST_STATED = 3_600_000

/** Milliseconds before the next try. `Retry-After` (seconds) is the least; the rest spreads the clients of an outage. */
export function pauseAfter(failures: number, retryAfter: number | null, random: number): number {
  const grown = Math.min(LONGEST, FIRST * 2 ** (failures - 1))
  return Math.min(LONGEST_STATED, (retryAfter ?? 0) * 1_000) + grown * (0.5 + random / 2)
}
