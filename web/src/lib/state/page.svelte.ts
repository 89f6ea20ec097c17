/** What the mail page shows: which mailbox, view or search, and which conversation. */
import type { SignedOut } from '#lib/accounts/sign-out.ts'
import { EarlyKeys } from '#lib/state/early-keys.ts'
import { Cursor } from '#lib/state/cursor.svelte.ts'
import { Listing, type Only } from '#lib/state/listing.svelte.ts'
import type { MailboxItem, Sort } from '#lib/state/mail.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import { Notices } from '#lib/state/notices.svelte.ts'
import { filterOf, mailboxOf, mailboxSegment, pathOf, SEARCH, searchPath, viewOf, type View } from '#lib/state/paths.ts'
import type { Preferences } from '#lib/settings/state/preferences.svelte.ts'
import { Reading } from '#lib/state/reading.svelte.ts'
import { Searching } from '#lib/search/state/searching.svelte.ts'
import { Triage } from '#lib/actions/state/triage.svelte.ts'
import { Writing } from '#lib/writing/state/writing.svelte.ts'
import { createContext, untrack } from 'svelte'

export class MailPage {
  readonly mail: Mail
  readonly #go: (path: string) => Promise<void>

  readonly cursor: Cursor
  readonly triage: Triage
  readonly listing = new Listing()
  drawer = $state(false)
  /** the settings are shown over it: its keys rest */
  away = $state(false)
  readonly notices = new Notices()
  readonly early = new EarlyKeys()
  readonly searching: Searching
  readonly writing: Writing
  readonly reading: Reading
  #segment = $state<string | undefined>()
  #threadId = $state<string | undefined>()
  /** the place that the address bar named last */
  #address = ''
  /** of the view that is asked for */
  #viewKey = ''

  /** signs out */
  readonly leave: () => Promise<SignedOut>

  /** `go` navigates to a path of the app. */
  constructor(mail: Mail, go: (path: string) => Promise<void>, leave: () => Promise<SignedOut>) {
    this.mail = mail
    this.cursor = new Cursor(mail, this)
    this.triage = new Triage(mail, this.cursor, this.early)
    this.searching = new Searching(mail, go)
    this.writing = new Writing(mail, this.notices, this.early)
    this.reading = new Reading(mail, this.writing, this)
    this.#go = go
    this.leave = leave
  }

  get mailbox(): MailboxItem | undefined {
    return mailboxOf(this.#segment, this.mail.mailboxes)
  }

  /** What the address bar names of the mail of all mailboxes. */
  get view(): View | undefined {
    return viewOf(this.#segment)
  }

  /** What of the sidebar is shown: the id of a mailbox, the segment of a view, or the address of a search. */
  get place(): string | null {
    const { query } = this.searching
    if (query !== null) return searchPath(query)
    return this.mailbox?.id ?? (this.view && this.#segment) ?? null
  }

  /** The rows of the list are there, or why they are not. */
  get isListed(): boolean {
    const { list } = this.mail
    return list !== null && (list.total !== null || list.trouble !== null)
  }

  /** The address bar names a mailbox that the mail server has not. */
  get isGone(): boolean {
    if (this.#segment === undefined || this.#segment === SEARCH) return false
    return !this.mailbox && !this.view && this.mail.list?.freshness === 'current'
  }

  get preferences(): Preferences {
    return this.mail.preferences
  }

  get threadId(): string | undefined {
    return this.#threadId
  }

  /** The place of the open conversation in the list, from 1. */
  get position(): number | undefined {
    const index = this.#threadId === undefined ? undefined : this.mail.list?.indexOf(this.#threadId)
    return index === undefined ? undefined : index + 1
  }

  /**
   * The address bar names this. It does so again when mailboxes become known: what was opened meanwhile stays, for its
   * address is on the way.
   */
  follow(segment: string | undefined, threadId: string | undefined, query: string | null): void {
    const address = JSON.stringify([segment, threadId, query])
    if (address === this.#address) {
      this.#showList()
    } else {
      this.#address = address
      this.show(segment, threadId, query)
    }
  }

  show(segment: string | undefined, threadId: string | undefined, query: string | null = null): void {
    const stays = segment === this.#segment && query === untrack(() => this.searching.query)
    this.#segment = segment
    if (!stays) {
      this.#viewKey = ''
      this.listing.only = 'all'
      this.cursor.forget()
    }
    untrack(() => this.searching.show(segment === SEARCH ? (query ?? '') : null, segment))
    this.#showList()
    if (threadId === this.#threadId) return
    // The reader is empty: who was in it goes on in the list.
    if (threadId === undefined && stays) untrack(() => (this.cursor.moves += 1))
    this.#threadId = threadId
    this.cursor.stay()
    this.reading.anew()
    if (threadId === undefined) {
      this.mail.reader.close()
    } else {
      this.cursor.current = threadId
      this.mail.reader.open(threadId)
    }
  }

  #showList(): void {
    const { mailbox, view } = this
    // Until the mailboxes are known, the inbox is asked for: its request brings them along.
    if (!mailbox && !this.mail.list) this.mail.show(null)
    else if (view) this.#showView(view)
    else if (mailbox && this.mail.list?.mailboxId !== mailbox.id) {
      this.mail.show(
        mailbox.id,
        untrack(() => this.listing.how())
      )
    }
  }

  /** What is in it follows the mailboxes: they are known later, and Spam or Trash may be made. */
  #showView(view: View): void {
    const filter = filterOf(view, this.mail.mailboxes)
    const key = JSON.stringify([view, filter])
    if (this.#viewKey === key) return
    this.#viewKey = key
    this.mail.showAll(untrack(() => this.listing.how(filter)))
  }

  /** Show the same mailbox or view, filtered or sorted in another way. */
  arrange(how: { readonly only?: Only; readonly sort?: Sort }): void {
    if (this.searching.query !== null) {
      this.cursor.forget()
      void this.searching.arrange(how)
      return
    }
    if (how.only) this.listing.only = how.only
    if (how.sort) this.listing.sort = how.sort
    this.cursor.forget()
    if (this.view) this.mail.showAll(this.listing.how(filterOf(this.view, this.mail.mailboxes)))
    else this.mail.show(this.mailbox?.id ?? null, this.listing.how())
  }

  /** Where one comes back to from the settings. */
  get path(): string {
    return this.#pathOf(this.#threadId)
  }

  /** A place of the address bar: a role, "starred", "all". */
  async openPlace(segment: string): Promise<void> {
    this.drawer = false
    this.cursor.forget()
    this.show(segment, undefined)
    await this.#go(pathOf(segment))
  }

  openSettings(section: string): Promise<void> {
    return this.#go(`/mail/settings/${section}`)
  }

  async closeMailbox(): Promise<void> {
    this.cursor.forget()
    await this.#go(pathOf('inbox'))
  }

  /** A draft is written on, unless it belongs to a conversation that is read here; all else is read. */
  async openRow(threadId: string): Promise<void> {
    const { list } = this.mail
    const row = list?.row(list.indexOf(threadId) ?? -1)
    const isDraft = row?.draft && (row.messages === 1 || this.mailbox?.role === 'drafts')
    if (!isDraft) return this.openConversation(threadId)
    this.cursor.current = threadId
    return this.writing.start({ kind: 'edit', emailId: row.emailId })
  }

  async openConversation(threadId: string): Promise<void> {
    this.cursor.stay()
    this.cursor.current = threadId
    await this.#showConversation(threadId)
  }

  async closeConversation(): Promise<void> {
    await this.#showConversation(undefined)
  }

  /** The address follows what is shown: navigating takes longer, and the next key is meant for what is open then. */
  #showConversation(threadId: string | undefined): Promise<void> {
    const path = this.#pathOf(threadId)
    this.show(this.#named, threadId, this.searching.query)
    return this.#go(path)
  }

  #pathOf(threadId?: string): string {
    const { query } = this.searching
    if (query !== null) return searchPath(query, threadId)
    return pathOf(this.#named, threadId)
  }

  /** The segment of what is shown, also where the address bar names none. */
  get #named(): string {
    return this.#segment ?? (this.mailbox ? mailboxSegment(this.mailbox) : 'inbox')
  }
}

const [get, set] = createContext<MailPage>()

export { get as mailPage, set as setMailPage }
