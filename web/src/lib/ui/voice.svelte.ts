/**
 * What a screen reader is told without being asked: by one polite region in the page, a sentence at a time. Two regions that
 * change at once cut each other off, or are read in any order.
 */
const PAUSE = 3_000

/** What takes back an empty sentence. */
const NOTHING = (): void => undefined

export class Voice {
  #text = $state('')
  /** as in `#text`, for effects that say something, and must not run again for it */
  #last = ''
  #waiting: string[] = []
  #pausing = false

  get text(): string {
    return this.#text
  }

  /** At once, or after the pause with all that waits. The result takes it back while it waits. */
  say(...parts: readonly string[]): () => void {
    const sentence = sentenceOf(parts)
    if (!sentence) return NOTHING
    this.#waiting.push(sentence)
    if (!this.#pausing) this.#next()
    return () => (this.#waiting = this.#waiting.filter((one) => one !== sentence))
  }

  #next(): void {
    const gathered = [...new Set(this.#waiting)].join(' ')
    this.#waiting = []
    // The same words twice are no change of the page, and would not be read.
    this.#last = gathered && gathered === this.#last ? `${gathered}\u00a0` : gathered
    this.#text = this.#last
    this.#pausing = gathered !== ''
    if (this.#pausing) setTimeout(() => this.#next(), PAUSE)
  }
}

function sentenceOf(parts: readonly string[]): string {
  return parts
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => (/[.!?…]$/u.test(part) ? part : `${part}.`))
    .join(' ')
}

/** of this page */
export const voice = new Voice()
