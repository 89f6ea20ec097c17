/** What a person decided about senders, kept by the service: whose pictures may be shown, which warnings they know, whom
 * they reported. */
import type { Session } from './session.ts'
import { objectOf, type Settings, type SettingsDocument } from '#lib/sync/settings.ts'

/** Octets that are kept of each kind; the document may hold 64 KB in all, and a full one takes no change of anything. */
const MOST_OCTETS = 9_000
/** Characters of an entry. The senders write what is in it. */
const LONGEST = 600

/** Where in the document each kind stands. */
const PICTURES = ['pictures', 'senders'] as const
const WARNINGS = ['warnings', 'known'] as const
/** Senders whose message the person reported as phishing. */
const REPORTED = ['phishing', 'senders'] as const

/** Those of one kind. */
export class Decisions {
  readonly #session: Session
  readonly #document: SettingsDocument
  readonly #place: readonly [part: string, list: string]
  #entries: ReadonlySet<string> = new Set()

  constructor(session: Session, document: SettingsDocument, place: readonly [part: string, list: string]) {
    this.#session = session
    this.#document = document
    this.#place = place
  }

  /** the newest last */
  get entries(): readonly string[] {
    return [...this.#entries]
  }

  has(entry: string): boolean {
    return this.#entries.has(entry.toLowerCase())
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.#show(this.#of(settings))
  }

  /** Shown at once; raises JmapFailure if it could not be kept. */
  async add(entry: string): Promise<void> {
    const added = entry.toLowerCase()
    this.#show([...this.#entries, added])
    if (added.length <= LONGEST) {
      await this.#change((entries) => newest([...entries.filter((one) => one !== added), added]))
    }
  }

  /** Likewise. */
  async drop(entry: string): Promise<void> {
    const without = (entries: Iterable<string>): string[] => [...entries].filter((one) => one !== entry.toLowerCase())
    this.#show(without(this.#entries))
    await this.#change(without)
  }

  async #change(change: (entries: readonly string[]) => readonly string[]): Promise<void> {
    const [part, list] = this.#place
    const changed = await this.#document.change((settings) => ({
      ...settings,
      [part]: { ...objectOf(settings[part]), [list]: change(this.#of(settings)) }
    }))
    this.take(changed)
  }

  #show(entries: readonly string[]): void {
    this.#entries = new Set(entries)
    this.#session.changed('account', 'reader')
  }

  #of(settings: Settings): string[] {
    const [part, list] = this.#place
    const entries = objectOf(settings[part])[list]
    return Array.isArray(entries) ? entries.filter((entry) => typeof entry === 'string') : []
  }
}

/** Those for which there is room, the newest last. */
function newest(entries: readonly string[]): readonly string[] {
  let left = MOST_OCTETS
  const isKept = (entry: string): boolean => (left -= new TextEncoder().encode(JSON.stringify(entry)).length + 1) >= 0
  return entries.toReversed().filter(isKept).toReversed()
}

/** The decisions of each kind. */
export class SenderDecisions {
  readonly pictures: Decisions
  readonly warnings: Decisions
  readonly reported: Decisions

  constructor(session: Session, document: SettingsDocument) {
    this.pictures = new Decisions(session, document, PICTURES)
    this.warnings = new Decisions(session, document, WARNINGS)
    this.reported = new Decisions(session, document, REPORTED)
  }

  take(settings: Settings): void {
    ;[this.pictures, this.warnings, this.reported].forEach((decisions) => decisions.take(settings))
  }
}
