/** Brings drafts to the mail server, once what does it is loaded. */
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Engine, Loading } from './engine.ts'

type Wish = 'rest' | 'now' | 'discard'

export class LateStoring {
  readonly #engine: Loading
  /** the last one of each draft */
  readonly #wishes = new Map<string, Wish>()

  constructor(engine: Loading) {
    this.#engine = engine
  }

  /** It was changed: it is stored after a rest. */
  rest(id: string): void {
    this.#wish(id, 'rest')
  }

  /** It is stored without a rest. */
  now(id: string): void {
    this.#wish(id, 'now')
  }

  /** Its stored version is destroyed once that cannot be taken back any more. */
  discard(id: string): void {
    this.#wish(id, 'discard')
  }

  forget(id: string): void {
    this.#wishes.delete(id)
    this.#engine.now?.storing.forget(id)
  }

  troubleOf(id: string): Trouble | null {
    const { now, trouble } = this.#engine
    return now ? now.storing.troubleOf(id) : this.#wishes.has(id) ? trouble : null
  }

  begin({ storing }: Engine): void {
    this.#wishes.forEach((wish, id) => storing[wish](id))
    this.#wishes.clear()
  }

  #wish(id: string, wish: Wish): void {
    const { now } = this.#engine
    if (now) {
      now.storing[wish](id)
    } else {
      this.#wishes.set(id, wish)
      void this.#engine.loaded()
    }
  }
}
