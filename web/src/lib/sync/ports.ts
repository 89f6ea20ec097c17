/** What the engine needs from the world outside; the tests hand in their own. */

export interface Ports {
  fetch: typeof fetch
  /** milliseconds since 1970 */
  now: () => number
  /** [0, 1) */
  random: () => number
  /** Run `work` after so many milliseconds; returns how to call it off. */
  after: (milliseconds: number, work: () => void) => () => void
  /** of the page */
  origin: string
  /** Tell the console about a mistake of ours. */
  report: (mistake: unknown) => void
}

export function browserPorts(): Ports {
  return {
    fetch: (input, init) => fetch(input, init),
    now: () => Date.now(),
    random: () => Math.random(),
    after: (milliseconds, work) => {
      const timer = setTimeout(work, milliseconds)
      return () => clearTimeout(timer)
    },
    origin: location.origin,
    report: (mistake) => reportError(mistake)
  }
}
