/** The text around what a search found (RFC 8621 §5), for the rows that the screen shows. */
import type { Filter, Id } from '#lib/jmap/types.ts'
import { snippetParts, type SnippetPart } from '#lib/search/domain/snippet.ts'
import type { Session } from '#lib/sync/session.ts'

export interface Snippet {
  readonly subject: readonly SnippetPart[] | null
  readonly preview: readonly SnippetPart[] | null
}

interface SnippetResponse {
  list: { emailId: Id; subject: string | null; preview: string | null }[]
}

/** Milliseconds in which rows are gathered. */
const GATHER = 30
/** Emails that one call names: the mail server reads each of them. */
const MOST = 50
/** Kept until another search: a screen shows far fewer. */
const MOST_KEPT = 2_000

export class Snippets {
  readonly #session: Session
  readonly #filter: Filter
  readonly #found = new Map<Id, Snippet | null>()
  readonly #wanted = new Set<Id>()
  readonly #whenFound: () => void
  #callOff: (() => void) | null = null

  constructor(session: Session, filter: Filter, whenFound: () => void) {
    this.#session = session
    this.#filter = filter
    this.#whenFound = whenFound
  }

  /** undefined: it is asked for. null: the mail server marks nothing. */
  get(id: Id): Snippet | null | undefined {
    const found = this.#found.get(id)
    if (found === undefined && !this.#wanted.has(id)) {
      this.#wanted.add(id)
      this.#callOff ??= this.#session.ports.after(GATHER, () => void this.#ask())
    }
    return found
  }

  stop(): void {
    this.#callOff?.()
    this.#wanted.clear()
  }

  /** A failure is harmless: the beginning of the message is shown. It is asked again when the row is shown again. */
  async #ask(): Promise<void> {
    this.#callOff = null
    const ids = [...this.#wanted].slice(0, MOST)
    if (ids.length === 0) return
    try {
      const results = await this.#session.client.run([
        { name: 'SearchSnippet/get', id: 'snippets', args: { filter: this.#filter, emailIds: ids } }
      ])
      const { list } = results.get<SnippetResponse>('snippets')
      if (this.#found.size > MOST_KEPT) this.#found.clear()
      ids.forEach((id) => this.#found.set(id, null))
      for (const { emailId, subject, preview } of list) {
        const parts = { subject: snippetParts(subject), preview: snippetParts(preview) }
        if (parts.subject ?? parts.preview) this.#found.set(emailId, parts)
      }
    } catch {
      ids.forEach((id) => this.#found.set(id, null))
    }
    ids.forEach((id) => this.#wanted.delete(id))
    if (this.#wanted.size > 0) this.#callOff = this.#session.ports.after(GATHER, () => void this.#ask())
    this.#whenFound()
  }
}
