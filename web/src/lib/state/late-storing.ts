/** Brings drafts to the mail server, once what does it is loaded. */
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Engine, Loading } from './engine.ts'

type Method = 'rest' | 'now' | 'discard'

export class LateStoring {
  readonly #engine: Loading
  /** of each draft, what was asked for last */
  readonly #asked = new Map<string, Method>()

  constructor(engine: Loading) {
    this.#engine = engine
  }

  /** It was changed: it is stored after a rest. */
  rest(id: string): void {
    this.#ask(id, 'rest')
  }

  /** It is stored without a rest. */
  now(id: string): void {
    this.#ask(id, 'now')
  }

  /** Its stored version is destroyed once that cannot be taken back any more. */
  discard(id: string): void {
    this.#ask(id, 'discard')
  }

  forget(id: string): void {
    this.#asked.delete(id)
    this.#engine.now?.storing.forget(id)
  }

  troubleOf(id: string): Trouble | null {
    const { now, trouble } = this.#engine
    return now ? now.storing.troubleOf(id) : this.#asked.has(id) ? trouble : null
  }

  begin({ storing }: Engine): void {
    this.#asked.forEach((method, id) => storing[method](id))
    this.#asked.clear()
  }

  #ask(id: string, method: Method): void {
    const { now } = this.#engine
    if (now) {
      now.storing[method](id)
    } else {
      this.#asked.set(id, method)
      void this.#engine.loaded()
    }
  }
}
