/** What a search field can suggest, from what this device has and what the person searched for before. */
import { ANYWHERE } from '#lib/search/domain/search-values.ts'
import type { Known } from '#lib/search/domain/search-suggestions.ts'
import type { Session } from '#lib/sync/session.ts'
import { correspondents, type Correspondent } from './correspondents.ts'

/** The last searches that this device keeps. */
const MOST_RECENT = 20
/** `in:` takes these whatever the folders are called. */
const BY_ROLE: Readonly<Record<string, string>> = { junk: 'spam' }

export class Suggestions {
  readonly #session: Session
  #recent: readonly string[] | null = null
  #people: { found: Promise<readonly Correspondent[]>; generation: number } | null = null

  constructor(session: Session) {
    this.#session = session
  }

  async known(
    mailboxes: readonly { name: string; role: string | null }[],
    labels: readonly { name: string }[]
  ): Promise<Omit<Known, 'saved'>> {
    const [people, recent] = await Promise.all([this.#correspondents(), this.#searched()])
    const folders = mailboxes.map(({ name, role }) => (role === null ? name : (BY_ROLE[role] ?? role)))
    return {
      people,
      recent,
      folders: [...folders, ANYWHERE],
      labels: labels.map(({ name }) => name)
    }
  }

  async remember(search: string): Promise<void> {
    if (search === '') return
    const kept = await this.#session.kept.searches()
    const before = await this.#searched()
    // Another one may have been remembered meanwhile.
    const others = (this.#recent ?? before).filter((one) => one !== search)
    this.#recent = [search, ...others].slice(0, MOST_RECENT)
    // One that is not kept is typed again.
    await kept?.keepRecent(this.#recent).catch(() => undefined)
  }

  async #searched(): Promise<readonly string[]> {
    if (this.#recent) return this.#recent
    const found = await (await this.#session.kept.searches())?.recent().catch(() => [])
    if (found) this.#recent ??= found
    return this.#recent ?? []
  }

  #correspondents(): Promise<readonly Correspondent[]> {
    const { generation } = this.#session.objects
    if (this.#people?.generation !== generation) {
      this.#people = { found: this.#meet(), generation }
    }
    return this.#people.found
  }

  async #meet(): Promise<readonly Correspondent[]> {
    const { kept, objects, address } = this.#session
    return correspondents(objects, await kept.searches(), address).catch(() => [])
  }
}
