/** Stores drafts at the mail server once the engine is loaded. */
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Engine, Loading } from './engine.ts'

type Method = 'storeSoon' | 'storeNow' | 'discard'

export class LazyStoring {
  readonly #loading: Loading
  /** by the id of a draft, the method that was called last */
  readonly #asked = new Map<string, Method>()

  constructor(loading: Loading) {
    this.#loading = loading
  }

  /** It was changed: it is stored after a pause. */
  storeSoon(id: string): void {
    this.#ask(id, 'storeSoon')
  }

  /** It is stored without a pause. */
  storeNow(id: string): void {
    this.#ask(id, 'storeNow')
  }

  /** Its stored version is destroyed once the discarding cannot be undone any more. */
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
