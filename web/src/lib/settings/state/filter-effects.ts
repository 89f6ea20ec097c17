/** What a filter does to the emails that came last. */
import { isHeaderName } from '#lib/settings/domain/fault.ts'
import type { Filter } from '#lib/settings/domain/filter.ts'
import { matches } from '#lib/settings/domain/match.ts'
import { filterNow } from '#lib/settings/sync/filtering.ts'
import { newestEmails, type NewestEmail } from '#lib/settings/sync/newest-emails.ts'
import { troubled } from '#lib/state/trouble-of.ts'
import type { Effect, Filters } from './filters.ts'
import type { PartContext } from '#lib/state/part-context.ts'

/** Milliseconds for which the newest emails are not requested again. */
const FRESH = 60_000

export class FilterEffects {
  readonly #context: PartContext
  #newest: Promise<readonly NewestEmail[]> | null = null
  #askedAt = 0
  #asked: ReadonlySet<string> = new Set()

  constructor(context: PartContext) {
    this.#context = context
  }

  async of(filter: Pick<Filter, 'match' | 'conditions'>): Promise<Effect | null> {
    const emails = await this.#last(headersIn(filter)).catch(() => null)
    if (!emails) return null
    const hits = emails.flatMap((email) => {
      const verdict = matches(filter, email)
      const [sender] = email.from
      const who = sender?.name?.trim() || (sender?.email ?? '')
      const { id, subject, receivedAt } = email
      return verdict === false ? [] : [{ id, who, subject, receivedAt, verdict }]
    })
    return { of: emails.length, hits }
  }

  doNow({ actions }: Filter, ids: readonly string[]): ReturnType<Filters['doNow']> {
    const { session, actions: page } = this.#context
    const names = { trash: session.ports.language.roleName('trash') }
    const place = { ...page.place(false), mailboxId: null }
    return troubled(filterNow(session, page.outbox, actions, ids, { place, names }))
  }

  #last(headers: readonly string[]): Promise<readonly NewestEmail[]> {
    const now = this.#context.session.ports.now()
    const isKnown = headers.every((name) => this.#asked.has(name))
    if (!this.#newest || !isKnown || now - this.#askedAt > FRESH) {
      this.#asked = new Set([...this.#asked, ...headers])
      this.#askedAt = now
      const asked = newestEmails(this.#context.session, [...this.#asked])
      asked.catch(() => (this.#newest = null))
      this.#newest = asked
    }
    return this.#newest
  }
}

/** With anything else the mail server would refuse the whole request. */
function headersIn({ conditions }: Pick<Filter, 'conditions'>): string[] {
  const names = conditions.filter(({ field }) => field === 'header')
  return names.map(({ header }) => header.trim().toLowerCase()).filter(isHeaderName)
}
