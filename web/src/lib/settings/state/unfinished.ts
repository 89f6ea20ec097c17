/** Work that is lost if the page is left before it is done: the browser asks first. */
let running = 0

const ask = (event: Event): void => event.preventDefault()

/** Only as long as it takes: a page with this listener is not kept when one leaves it, so that going back loads it anew. */
export async function unfinished<T>(work: Promise<T>): Promise<T> {
  if (typeof window === 'undefined') return work
  running += 1
  if (running === 1) addEventListener('beforeunload', ask)
  try {
    return await work
  } finally {
    running -= 1
    if (running === 0) removeEventListener('beforeunload', ask)
  }
}
