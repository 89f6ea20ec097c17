/** Brings drafts to the mail server, once what does it is loaded. */
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Engine, Loading } from './engine.ts'

type Method = 'rest' | 'now' | 'discard'

export class LateStoring {
  readonly #loading: Loading
  /** of each draft, what was asked for last */
  readonly #asked = new Map<string, Method>()

  constructor(loading: Loading) {
    this.#loading = loading
  }

  /** It was changed: it is stored after a rest. */
  rest(id: string): void {
    this.#ask(id, 'rest')
  }

  /** It is stored without a rest. */
  now(id: string): void {
    this.#ask(id, 'now')
  }

  /** Its stored version is destroyed once that cannot be undone any more. */
  discard(id: string): void {
    this.#ask(id, 'discard')
  }

  forget(id: string): void {
    this.#asked.delete(id)
    this.#loading.engine?.storing.forget(id)
  }

  troubleOf(id: string): Trouble | null {
    const { engine, trouble } = this.#loading
    return engine ? engine.storing.troubleOf(id) : this.#asked.has(id) ? trouble : null
  }

  begin({ storing }: Engine): void {
    this.#asked.forEach((method, id) => storing[method](id))
    this.#asked.clear()
  }

  #ask(id: string, method: Method): void {
    const { engine } = this.#loading
    if (engine) {
      engine.storing[method](id)
    } else {
      this.#asked.set(id, method)
      void this.#loading.loaded()
    }
  }
}
