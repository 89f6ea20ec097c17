/** The search that is shown, what surrounds its rows, and what can be suggested. Loaded on use. */
import type { Sort } from '#lib/jmap/types.ts'
import { Places, type SearchLabel } from '#lib/mail/search-places.ts'
import type { Problem } from '#lib/mail/search-query.ts'
import type { Known as Suggestable } from '#lib/mail/search-suggestions.ts'
import { markedParts } from '#lib/mail/snippet.ts'
import { keyOf, NEWEST_FIRST, type ListQuery } from '#lib/store/query.ts'
import type { Account } from '#lib/sync/account.ts'
import { asideTotal, DeviceSearch } from '#lib/sync/search-work.ts'
import { leavesOut, planOf, type SearchPlan } from '#lib/sync/search-plan.ts'
import { SearchSaver } from '#lib/sync/saving-searches.ts'
import type { SettingsDocument } from '#lib/sync/settings.ts'
import type { SavedSearches } from '#lib/sync/searches.ts'
import { Snippets } from '#lib/sync/snippets.ts'
import { Suggestions } from '#lib/sync/suggestions.ts'
import { troubleOf } from '#lib/sync/task.ts'
import { itemsOf } from './mailbox-items.ts'
import type { Search, Snippet } from './searches.ts'
import { Version } from './version.svelte.ts'

export interface SearchParts {
  account: Account
  saved: SavedSearches
  document: SettingsDocument
  labels: () => readonly SearchLabel[]
}

export class SearchState implements Search {
  readonly #parts: SearchParts
  readonly #account: Account
  readonly #suggestions: Suggestions
  readonly #saver: SearchSaver
  readonly #version = new Version()
  readonly #device: DeviceSearch
  #query = ''
  #isOn = false
  #began = new Date(0)
  #sort: Sort = NEWEST_FIRST
  #plan: SearchPlan | null = null
  #key: string | null = null
  #snippets: Snippets | null = null
  #aside: number | null = null

  constructor(parts: SearchParts) {
    this.#parts = parts
    this.#account = parts.account
    this.#saver = new SearchSaver(parts.saved, parts.document)
    this.#suggestions = new Suggestions(parts.account, parts.saved)
    this.#device = new DeviceSearch(parts.account)
    parts.account.listen((topic) => {
      // Folders and labels may be known only now, and what was typed means something else with them.
      if (topic === 'account' && this.#isOn) this.#renew()
      if (topic !== 'connection') this.#version.next()
    })
  }

  get query(): string {
    this.#version.seen()
    return this.#query
  }

  get problems(): readonly Problem[] {
    this.#version.seen()
    return this.#plan?.problems ?? []
  }

  get scope(): 'nothing' | 'server' | 'device' {
    this.#version.seen()
    return this.#plan?.scope ?? 'nothing'
  }

  get isShown(): boolean {
    this.#version.seen()
    return this.#key !== null && this.#account.list?.key === this.#key
  }

  get onDevice(): boolean {
    this.#version.seen()
    return this.isShown && this.#account.list?.list.queryState === null
  }

  get leavesOut(): boolean {
    this.#version.seen()
    return this.#plan !== null && leavesOut(this.#plan)
  }

  get aside(): number | null {
    this.#version.seen()
    return this.#aside
  }

  show(query: string): void {
    if (this.#isOn && query === this.#query) return
    this.#query = query
    this.#sort = NEWEST_FIRST
    this.#began = new Date(this.#account.ports.now())
    this.#isOn = true
    this.#key = null
    this.#renew()
    this.#version.next()
  }

  arrange(sort: Sort): void {
    this.#sort = sort
    this.#renew()
    this.#version.next()
  }

  end(): void {
    this.#isOn = false
    this.#key = null
    this.#snippets?.stop()
    this.#device.stop()
  }

  snippet(emailId: string): Snippet | null {
    this.#version.seen()
    const found = this.#snippets?.get(emailId)
    if (found) return found
    // The mail server marks nothing, or has not answered: what the row shows anyway.
    const email = this.#account.objects.email(emailId)
    const words = this.#plan?.words ?? []
    const subject = markedParts(email?.subject ?? '', words)
    const preview = markedParts(email?.preview?.trim() ?? '', words)
    return (subject ?? preview) ? { subject, preview } : null
  }

  mailboxesOf(emailId: string): readonly string[] {
    this.#version.seen()
    return Object.keys(this.#account.objects.email(emailId)?.mailboxIds ?? {})
  }

  known(): Promise<Suggestable> {
    return this.#suggestions.known(itemsOf(this.#account.objects), this.#parts.labels())
  }

  remember(query: string): void {
    void this.#suggestions.remember(query.trim())
  }

  save(name: string, query: string): Promise<void> {
    return told(this.#saver.save(name, query))
  }

  remove(query: string): Promise<void> {
    return told(this.#saver.remove(query))
  }

  /** Show what the search means now, if that is something else than what is shown. */
  #renew(): void {
    const items = itemsOf(this.#account.objects)
    // Without the mailboxes nobody knows which of them are Spam and Trash.
    if (items.length === 0) return
    const plan = planOf(this.#query, new Places(items, this.#parts.labels()), this.#account.address, this.#began)
    this.#plan = plan
    if (plan.scope === 'nothing') return
    const device = plan.scope === 'device'
    // Of what only this device can tell, the text says which search it is.
    const filter = device ? { text: this.#query } : plan.filter
    const query: ListQuery = { mailboxId: null, filter, sort: this.#sort, device }
    const key = keyOf(query)
    if (key === this.#key) return
    this.#key = key
    this.#aside = null
    this.#snippets?.stop()
    this.#snippets =
      !device && filter && plan.words.length > 0
        ? new Snippets(this.#account, filter, () => this.#version.next())
        : null
    this.#account.show({ ...query, everywhere: true })
    void this.#device.look(plan, key)
    void this.#count(plan, key)
  }

  async #count({ aside }: SearchPlan, key: string): Promise<void> {
    const total = aside && (await asideTotal(this.#account, aside))
    if (this.#key !== key) return
    this.#aside = total
    this.#version.next()
  }
}

async function told(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (failure) {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the contract: a Trouble, which views can show
    throw troubleOf(failure)
  }
}
