/** The words on screen, given to components by context. */
import type { Choice } from '#lib/words/choice.ts'
import type { Words } from '#lib/words/en.ts'
import { LANGUAGES, loadWords, type Language, type Part } from '#lib/words/language.ts'
import { createContext } from 'svelte'

export class Speech {
  #words = $state.raw<Words>() as Words
  #language = $state<Language>('en')
  readonly #choice: Choice
  readonly #parts = new Set<Part>()

  constructor(language: Language, words: Words, choice: Choice) {
    this.#language = language
    this.#choice = choice
    this.#words = this.#located(words)
  }

  get words(): Words {
    return this.#words
  }

  get language(): Language {
    return this.#language
  }

  /** What was chosen on this device and the service does not know yet. */
  get unsaved(): Language | null {
    return this.#choice.unsaved
  }

  /** The person chooses it. */
  choose(language: Language): Promise<void> {
    this.#choice.keep(language)
    return this.#speak(language)
  }

  /** The service knows what was chosen here. */
  saved(language: string): void {
    const known = spoken(language)
    if (known) this.#choice.saved(known)
  }

  /** The service says what the person chose elsewhere. */
  adopt(language: string): void {
    const known = spoken(language)
    if (!known) return
    this.#choice.adopt(known)
    if (known !== this.#language) void this.#speak(known)
  }

  /** What a mailbox of this role is called. */
  roleName(role: string): string {
    const names: Readonly<Record<string, string>> = this.#words.mail.roles
    return names[role] ?? role
  }

  /** Resolves once these words are there, in each language that is spoken from now on. */
  async need(part: Part): Promise<void> {
    if (!this.#parts.has(part)) {
      this.#parts.add(part)
      this.#words = this.#located(await loadWords(this.#language, [...this.#parts]))
    }
  }

  async #speak(language: Language): Promise<void> {
    const words = await loadWords(language, [...this.#parts])
    this.#language = language
    this.#words = this.#located(words)
  }

  /** Dates and times are written as in this region. */
  locate(region: string): void {
    if (region === this.#choice.region) return
    this.#choice.locate(region)
    void this.#speak(this.#language)
  }

  #located(words: Words): Words {
    const { region } = this.#choice
    return region ? { ...words, mail: { ...words.mail, locale: `${this.#language}-${region}` } } : words
  }
}

function spoken(language: string): Language | undefined {
  return LANGUAGES.find((one) => one === language)
}

const [get, set] = createContext<Speech>()

export { get as speech, set as setSpeech }
