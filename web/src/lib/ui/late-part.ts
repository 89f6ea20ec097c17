/** Parts of the page that load after the first view. */
import { SvelteSet } from 'svelte/reactivity'

/** Milliseconds after which a part that could not be loaded is asked for again; at once when the network is back. */
const PAUSE = 5_000
/** The same for the first time: most of what fails once is there a moment later. */
const FIRST_PAUSE = 1_000

/**
 * The parts that failed to load twice; the root layout tells the person. A browser remembers a file that was cut on its way, and
 * does not ask for it again until the page is reloaded.
 */
export const lacking = new SvelteSet<() => Promise<unknown>>()

/** The part, once it can be had: a network that was lost for a moment must not leave the page without it for good. */
export async function latePart<T>(load: () => Promise<T>): Promise<T> {
  for (let pause = FIRST_PAUSE; ; pause = PAUSE) {
    try {
      const part = await load()
      lacking.delete(load)
      return part
    } catch (failure) {
      // With a code, a service says why; the page shows that.
      if (pause === PAUSE && !(failure as { code?: unknown }).code) lacking.add(load)
      await pauseOnline(pause)
    }
  }
}

/** What could not be loaded may be asked for again. */
export function pauseOnline(pause = PAUSE): Promise<unknown> {
  return new Promise((resolve) => {
    addEventListener('online', resolve, { once: true })
    setTimeout(resolve, pause)
  })
}
