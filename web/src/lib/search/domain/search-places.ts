/** The folders and labels that a search may name. */
import { ANYWHERE } from '#lib/search/domain/search-values.ts'
import { folded } from './search-match.ts'
import { nearest } from '#lib/mail/nearest.ts'
import type { Known } from './search-query.ts'

export interface SearchMailbox {
  readonly id: string
  readonly name: string
  readonly role: string | null
  /** 0 at the top; children stand behind their parent */
  readonly depth: number
}

export interface SearchLabel {
  readonly keyword: string
  readonly name: string
}

/** Whatever language a search was typed in, it means the same when the language of the page is another one. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  inbox: ['inbox', 'posteingang'],
  archive: ['archive', 'archiv'],
  drafts: ['drafts', 'entwurfe'],
  sent: ['sent', 'gesendet'],
  junk: ['spam', 'junk'],
  trash: ['trash', 'papierkorb']
}
const EVERYWHERE = [ANYWHERE, 'uberall']

/** Found by a search only if it names them. */
const ASIDE: readonly (string | null)[] = ['junk', 'trash']

export class Places {
  readonly #labels: readonly SearchLabel[]
  /** folded names and paths → ids */
  readonly #ids = new Map<string, string[]>()
  readonly aside: readonly string[]

  constructor(mailboxes: readonly SearchMailbox[], labels: readonly SearchLabel[]) {
    this.#labels = labels
    this.aside = mailboxes.filter(({ role }) => ASIDE.includes(role)).map(({ id }) => id)
    const above: string[] = []
    for (const { id, name, role, depth } of mailboxes) {
      above.splice(depth, above.length, name)
      const names = [name, above.join('/'), ...(ROLES[role ?? ''] ?? [])]
      for (const key of new Set(names.map(folded))) this.#ids.set(key, [...(this.#ids.get(key) ?? []), id])
    }
  }

  mailboxes(name: string): readonly string[] {
    return this.#ids.get(folded(name)) ?? []
  }

  /** As the mail server keeps it: in small letters (RFC 8621 §4.1.1). */
  keyword(label: string): string {
    return this.#label(label)?.keyword ?? label.toLowerCase()
  }

  readonly known: Known = (operator, value) => {
    if (operator === 'label') return this.#label(value) ? { value } : { meant: this.#near(value, this.#labelNames) }
    if (EVERYWHERE.includes(folded(value))) return { value: ANYWHERE }
    return this.#ids.has(folded(value)) ? { value } : { meant: this.#near(value, [...this.#ids.keys()]) }
  }

  get #labelNames(): string[] {
    return this.#labels.map(({ name }) => folded(name))
  }

  #label(typed: string): SearchLabel | undefined {
    const wanted = folded(typed)
    return this.#labels.find(({ name, keyword }) => folded(name) === wanted || keyword === typed.toLowerCase())
  }

  #near(value: string, names: readonly string[]): string | null {
    return nearest(folded(value), names)
  }
}
