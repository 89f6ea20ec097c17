/** The language that was chosen on this device: a reload speaks it at once, also before anybody signed in. */
import { LANGUAGES, type Language } from '#lib/words/language.ts'

const KEY = 'postroom-language'
const REGION = 'postroom-region'
/** Behind a language that the service does not know yet. */
const UNSAVED = ' unsaved'

export class Choice {
  readonly #storage: () => Storage

  /** Where the person blocks what sites store, a browser throws already when it is asked for its storage. */
  // eslint-disable-next-line no-restricted-globals -- no secret, and /api/settings needs somebody who is signed in
  constructor(storage = () => localStorage) {
    this.#storage = storage
  }

  /** null if none was chosen here */
  get language(): Language | null {
    const [language] = this.#read().split(' ')
    return LANGUAGES.find((one) => one === language) ?? null
  }

  /** What was chosen here, if the service does not know it yet. */
  get unsaved(): Language | null {
    return this.#read().endsWith(UNSAVED) ? this.language : null
  }

  /** The person chose it here. */
  keep(language: Language): void {
    this.#write(language + UNSAVED)
  }

  /** The service knows it. Another choice may have been made meanwhile. */
  saved(language: Language): void {
    if (this.unsaved === language) this.#write(language)
  }

  /** The service says that the person chose it elsewhere. */
  adopt(language: Language): void {
    this.#write(language)
  }

  /** whose dates and times are written (ISO 3166-1); empty: as usual in the language */
  get region(): string {
    return /^[A-Z]{2}$/.exec(this.#read(REGION))?.[0] ?? ''
  }

  locate(region: string): void {
    this.#write(region, REGION)
  }

  #read(key = KEY): string {
    try {
      return this.#storage().getItem(key) ?? ''
    } catch {
      return ''
    }
  }

  #write(text: string, key = KEY): void {
    try {
      this.#storage().setItem(key, text)
    } catch {
      // It holds until the page is loaded anew.
    }
  }
}
