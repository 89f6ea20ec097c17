/** The words on screen, given to components by context. */
import type { Choice } from '#lib/words/choice.ts'
import type { Words } from '#lib/words/en.ts'
import { LANGUAGES, type Language } from '#lib/words/language.ts'
import { loadPart, loadWords, type Part } from '#lib/words/parts.ts'
import { createContext } from 'svelte'

export class Speech {
  #words = $state.raw<Words>() as Words
  #language = $state<Language>('en')
  readonly #choice: Choice
  #parts = $state.raw<ReadonlySet<Part>>(new Set())

  /** `parts`: whose words are among them */
  constructor(language: Language, words: Words, choice: Choice, parts: Iterable<Part> = []) {
    this.#language = language
    this.#parts = new Set(parts)
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

  has(part: Part): boolean {
    return this.#parts.has(part)
  }

  /** Resolves once these words are there, in each language that is spoken from now on. */
  async need(part: Part): Promise<void> {
    while (!this.has(part)) {
      const language = this.#language
      const words = await loadPart(part, language)
      // Another language may be spoken by now.
      if (language !== this.#language) continue
      this.#words = this.#located({ ...this.#words, ...words })
      this.#parts = new Set([...this.#parts, part])
    }
  }

  async #speak(language: Language): Promise<void> {
    const parts = this.#parts
    const words = await loadWords(language, parts)
    // Another part may have come meanwhile, whose words these are not.
    if (parts !== this.#parts) return this.#speak(language)
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
