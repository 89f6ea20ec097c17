/** Parts of the page that load after the first view. */

/** Milliseconds after which a part that could not be loaded is asked for again; at once when the network is back. */
const PAUSE = 5_000

/** The part, once it can be had: a network that was lost for a moment must not leave the page without it for good. */
export async function latePart<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load()
    } catch {
      await pauseOnline()
    }
  }
}

/** What could not be loaded may be asked for again. */
export function pauseOnline(): Promise<unknown> {
  return new Promise((resolve) => {
    addEventListener('online', resolve, { once: true })
    setTimeout(resolve, PAUSE)
  })
}
