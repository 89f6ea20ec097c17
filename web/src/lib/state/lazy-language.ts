import type { LanguagePort } from '#lib/sync/ports.ts'

/** Stands for the language of a page that is not drawn yet. */
export class LazyLanguage implements LanguagePort {
  #port: LanguagePort | null = null
  #waiting: ((port: LanguagePort) => void)[] = []

  get unsaved(): string | null {
    return this.#port?.unsaved ?? null
  }

  saved(language: string): void {
    this.#with((port) => port.saved(language))
  }

  adopt(language: string): void {
    this.#with((port) => port.adopt(language))
  }

  roleName(role: string): string {
    return this.#port?.roleName(role) ?? role
  }

  /** The page is drawn. */
  become(port: LanguagePort): void {
    this.#port = port
    this.#waiting.splice(0).forEach((work) => work(port))
  }

  #with(work: (port: LanguagePort) => void): void {
    if (this.#port) {
      work(this.#port)
    } else {
      this.#waiting.push(work)
    }
  }
}
