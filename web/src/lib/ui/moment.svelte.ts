/** What the page loads at one moment: one file, and one with its words. */
import { latePart } from '#lib/ui/late-part.ts'
import type { Part } from '#lib/words/parts.ts'
import type { Speech } from '#lib/words/words.svelte.ts'

export class Moment<T> {
  readonly #words: Part
  readonly #import: () => Promise<T>
  #parts = $state.raw<T>()
  #coming: Promise<T> | null = null

  constructor(words: Part, load: () => Promise<T>) {
    this.#words = words
    this.#import = load
  }

  /** Undefined until they are there, with their words. */
  get parts(): T | undefined {
    return this.#parts
  }

  /** Resolves once it is there. Without a network it is asked for again. */
  load(spoken: Speech): Promise<T> {
    this.#coming ??= latePart(async () => {
      const [parts] = await Promise.all([this.#import(), spoken.need(this.#words)])
      this.#parts = parts
      return parts
    })
    return this.#coming
  }
}
