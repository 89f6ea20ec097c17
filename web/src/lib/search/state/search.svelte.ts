/** The search that is shown, what surrounds its rows, and what can be suggested. Loaded on use. */
import type { Sort } from '#lib/jmap/types.ts'
import { Places, type SearchLabel, type SearchMailbox } from '#lib/search/domain/search-places.ts'
import type { Problem } from '#lib/search/domain/search-query.ts'
import type { Known } from '#lib/search/domain/search-suggestions.ts'
import { markedParts } from '#lib/search/domain/snippet.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import type { SyncLoop } from '#lib/sync/sync-loop.ts'
import type { ReadBody } from '#lib/search/sync/device-search.ts'
import { asideTotal, DeviceSearch } from '#lib/search/sync/search-work.ts'
import { leavesOut, planOf, type SearchPlan } from '#lib/search/sync/search-plan.ts'
import { SearchSaver } from '#lib/search/sync/saving-searches.ts'
import type { SettingsDocument } from '#lib/sync/settings.ts'
import type { SavedSearches } from '#lib/search/sync/searches.ts'
import { Snippets } from '#lib/search/sync/snippets.ts'
import { Suggestions } from '#lib/search/sync/suggestions.ts'
import type { Mail } from '#lib/state/mail.ts'
import { NEWEST_FIRST } from '#lib/store/query.ts'
import type { Search, Snippet } from './searches.ts'
import { create as suspicions } from '#lib/state/suspicions.svelte.ts'

/** What the first view has: a search that imported it would take it out of its file. */
export interface SearchParts {
  loop: SyncLoop
  saved: SavedSearches
  document: SettingsDocument
  labels: () => readonly SearchLabel[]
  mailboxes: () => readonly SearchMailbox[]
  read: ReadBody
  part: Mail['part']
  troubleOf: (failure: unknown) => Trouble
}

export class SearchState implements Search {
  readonly #parts: SearchParts
  readonly #session: Session
  readonly #suggestions: Suggestions
  readonly #saver: SearchSaver
  /** grows when what is behind the getters changes */
  #changes = $state(0)
  readonly #device: DeviceSearch
  #query = ''
  #isOn = false
  #began = new Date(0)
  #sort: Sort = NEWEST_FIRST
  #plan: SearchPlan | null = null
  /** what the list was asked to show */
  #asked = ''
  /** of the list that shows it */
  #key: string | null = null
  #snippets: Snippets | null = null
  #aside: number | null = null

  constructor(parts: SearchParts) {
    this.#parts = parts
    this.#session = parts.loop.session
    this.#saver = new SearchSaver(parts.saved, parts.document)
    this.#suggestions = new Suggestions(this.#session)
    this.#device = new DeviceSearch(this.#session, parts.read)
    // Folders and labels may be known only now, and what was typed means something else with them.
    this.#session.on('account', () => this.#isOn && this.#renew())
    ;(['account', 'list', 'reader'] as const).forEach((topic) => this.#session.on(topic, () => this.#next()))
  }

  get query(): string {
    this.#seen()
    return this.#query
  }

  get problems(): readonly Problem[] {
    this.#seen()
    return this.#plan?.problems ?? []
  }

  get scope(): 'nothing' | 'server' | 'device' {
    this.#seen()
    return this.#plan?.scope ?? 'nothing'
  }

  get isShown(): boolean {
    this.#seen()
    return this.#key !== null && this.#session.list?.key === this.#key
  }

  get onDevice(): boolean {
    this.#seen()
    return this.isShown && this.#session.list?.list.queryState === null
  }

  get leavesOut(): boolean {
    this.#seen()
    return this.#plan !== null && leavesOut(this.#plan)
  }

  get aside(): number | null {
    this.#seen()
    return this.#aside
  }

  show(query: string): void {
    if (this.#isOn && query === this.#query) return
    this.#query = query
    this.#sort = NEWEST_FIRST
    this.#began = new Date(this.#session.ports.now())
    this.#isOn = true
    this.#forget()
    this.#renew()
    this.#next()
  }

  arrange(sort: Sort): void {
    this.#sort = sort
    this.#renew()
    this.#next()
  }

  end(): void {
    this.#isOn = false
    this.#forget()
    this.#snippets?.stop()
    this.#device.stop()
  }

  snippet(emailId: string): Snippet | null {
    this.#seen()
    const found = this.#snippets?.get(emailId)
    if (found) return found
    // The mail server marks nothing, or has not answered: what the row shows anyway.
    const email = this.#session.objects.email(emailId)
    const words = this.#plan?.words ?? []
    const subject = markedParts(email?.subject ?? '', words)
    const preview = markedParts(email?.preview?.trim() ?? '', words)
    return (subject ?? preview) ? { subject, preview } : null
  }

  mailboxesOf(emailId: string): readonly string[] {
    this.#seen()
    return Object.keys(this.#session.objects.email(emailId)?.mailboxIds ?? {})
  }

  async known(): Promise<Omit<Known, 'saved'>> {
    const found = this.#parts.part(suspicions)
    const known = await this.#suggestions.known(this.#parts.mailboxes(), this.#parts.labels())
    return { ...known, imitatedBy: (person) => found.imitatedBy(person) }
  }

  remember(query: string): void {
    void this.#suggestions.remember(query.trim())
  }

  save(name: string, query: string): Promise<void> {
    return this.#told(this.#saver.save(name, query))
  }

  remove(query: string): Promise<void> {
    return this.#told(this.#saver.remove(query))
  }

  /** Show what the search means now, if that is something else than what is shown. */
  #renew(): void {
    const items = this.#parts.mailboxes()
    // Without the mailboxes nobody knows which of them are Spam and Trash.
    if (items.length === 0) return
    const plan = planOf(this.#query, new Places(items, this.#parts.labels()), this.#session.address, this.#began)
    this.#plan = plan
    if (plan.scope === 'nothing') return
    const device = plan.scope === 'device'
    // The text says which search it is, where only this device can tell what matches.
    const filter = device ? { text: this.#query } : plan.filter
    const list = { mailboxId: null, everywhere: true, filter, sort: this.#sort, device }
    const asked = JSON.stringify(list)
    if (asked === this.#asked) return
    this.#asked = asked
    this.#aside = null
    this.#snippets?.stop()
    this.#snippets =
      !device && filter && plan.words.length > 0 ? new Snippets(this.#session, filter, () => this.#next()) : null
    this.#parts.loop.show(list)
    this.#key = this.#session.list?.key ?? ''
    void this.#device.look(plan, this.#key)
    void this.#count(plan, asked)
  }

  #forget(): void {
    this.#asked = ''
    this.#key = null
  }

  async #count({ aside }: SearchPlan, asked: string): Promise<void> {
    const total = aside && (await asideTotal(this.#session, aside))
    if (this.#asked !== asked) return
    this.#aside = total
    this.#next()
  }

  async #told(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (failure) {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- the contract: a Trouble, which views can show
      throw this.#parts.troubleOf(failure)
    }
  }

  /** Whoever reads a getter is told of `#next`. */
  #seen(): number {
    return this.#changes
  }

  #next(): void {
    this.#changes += 1
  }
}
