/** Everything that the mail page stands on, made from what the world outside offers. */
import { JmapFailure } from '#lib/jmap/errors.ts'
import { keyOf, type Warning } from '#lib/mail/warnings.ts'
import type { Email } from '#lib/jmap/types.ts'
import { shownBody } from '#lib/store/body.ts'
import { isWritten } from '#lib/store/written.ts'
import { Session } from '#lib/sync/session.ts'
import { SyncLoop } from '#lib/sync/sync-loop.ts'
import type { BodyPrefetch } from '#lib/sync/body-prefetch.ts'
import { ArrivingEmails } from '#lib/sync/arriving-emails.ts'
import { SenderDecisions } from '#lib/sync/sender-decisions.ts'
import { INBOX } from '#lib/sync/lists.ts'
import type { LateIndex } from '#lib/sync/late-index.ts'
import { LiveConnection } from '#lib/sync/connection.ts'
import { LabelNames } from '#lib/sync/labels.ts'
import { NOT_NOW } from '#lib/sync/retryable.ts'
import { syncLanguage } from '#lib/settings/sync/language.ts'
import type { Ports } from '#lib/sync/ports.ts'
import { ReaderSync } from '#lib/sync/reader.ts'
import { SavedSearches } from '#lib/search/sync/searches.ts'
import { SettingsDocument } from '#lib/sync/settings.ts'
import { troubleOf } from '#lib/sync/task.ts'
import { ActionsState } from '#lib/actions/state/actions.svelte.ts'
import { NewMailState } from './new-mail.ts'
import type { Compose } from '#lib/writing/state/compose.ts'
import type { ComposeState } from '#lib/writing/state/compose.svelte.ts'
import { ConnectionState } from './connection.svelte.ts'
import { ListState } from './conversation-list.svelte.ts'
import type { PartContext } from './part-context.ts'
import { LabelsState } from './labels.svelte.ts'
import type { ListOptions, Mail, Quota, Trouble } from './mail.ts'
import type { SavedSearch, Search } from '#lib/search/state/searches.ts'
import type { Sent } from '#lib/writing/state/sent.ts'
import { MailboxesState } from './mailboxes.svelte.ts'
import { Messages } from './messages.ts'
import { marking } from './marking.ts'
import { Preferences } from '#lib/settings/state/preferences.svelte.ts'
import { ReaderState } from './reader.svelte.ts'
import { Rows } from './rows.ts'
import { troubled } from './trouble-of.ts'
import { Signal } from './signal.svelte.ts'

/** Milliseconds */
const AHEAD_AFTER = 5_000

export class MailState implements Mail {
  readonly mailboxes: MailboxesState
  readonly labels: LabelsState
  readonly reader: ReaderState
  readonly actions: ActionsState
  readonly connection: ConnectionState
  readonly newMail: NewMailState
  readonly preferences = new Preferences()
  readonly #session: Session
  readonly #loop: SyncLoop
  readonly #live: LiveConnection
  readonly #context: PartContext
  readonly #labels: LabelNames
  readonly #rows: Rows
  readonly #tasks: { stop: () => void }[]
  readonly #signal = new Signal()
  readonly #parts = new Map<unknown, unknown>()
  #searching: Promise<Search> | null = null
  #compose: Promise<Compose> | null = null
  #sent: Promise<Sent> | null = null
  #composing: ComposeState | null = null
  #prefetch: BodyPrefetch | null = null
  #late: LateIndex | null = null
  #stopped = false
  #reading: Promise<void> | null = null
  #readAgain: Promise<void> | null = null
  #list = $state.raw<ListState | null>(null)

  constructor(ports: Ports) {
    const session = new Session(ports, () => this.preferences.chosen.undoSeconds)
    session.on('known', () => {
      // Where their attachments are was not known before.
      messages.forget()
      void this.#readSettings()
    })
    const loop = new SyncLoop(session)
    const isOwn = (address: string): boolean => address.toLowerCase() === session.address.toLowerCase()
    this.actions = new ActionsState(loop)
    const reader = new ReaderSync(session, marking(session, this.preferences, this.actions))
    this.#session = session
    this.#loop = loop
    this.#live = new LiveConnection(loop)
    const document = new SettingsDocument(ports)
    this.#labels = new LabelNames(session)
    this.#rows = new Rows(session.objects, isOwn)
    this.labels = new LabelsState(this.#labels, document)
    this.#tasks = [loop, this.actions, reader, this.#live]
    const arriving = new ArrivingEmails(session, this.#live, isOwn)
    session.on('arrived', (created) => void this.#seeListed(created))
    this.newMail = new NewMailState(arriving, this.#rows)
    this.mailboxes = new MailboxesState(loop)
    this.#context = {
      ...{ session, document, preferences: this.preferences, actions: this.actions },
      ...{ mailboxes: this.mailboxes, labels: this.labels },
      ...{ saved: new SavedSearches(session), senders: new SenderDecisions(session, document) },
      reread: () => this.#readSettings()
    }
    this.connection = new ConnectionState(session, this.#live)
    const messages = new Messages({
      ...{ isOwn, isWritten: (email) => isWritten(session.objects, email) },
      urlOf: (file) => (session.isKnown ? session.client.downloadUrl(file) : ''),
      authservId: () => session.authservId
    })
    this.reader = new ReaderState(session, reader, messages)
    session.on('account', () => this.#accountChanged())
    session.on('list', () => this.#listChanged())
    session.on('connection', () => this.#connectionChanged())
    ports.after(AHEAD_AFTER, () => void this.#lookAhead().catch(() => undefined))
  }

  get address(): string {
    return this.#now().address
  }

  get isKnown(): boolean {
    return this.#now().isKnown
  }

  get list(): ListState | null {
    return this.#list
  }

  get unread(): number {
    return this.connection.unread
  }

  get quota(): Quota | null {
    return this.#now().facts.quota
  }

  get trouble(): Trouble | null {
    this.#now()
    const { told: trouble } = this.#loop.task
    if (this.#live.signedOut) {
      return { code: 'no_session', retryAt: null, reference: null }
    }
    if (this.#live.preparation !== null) {
      return { code: 'mailbox_not_ready', retryAt: null, reference: null }
    }
    return trouble && (this.#list === null || NOT_NOW.has(trouble.code)) ? trouble : null
  }

  show(mailboxId: string | null, how: ListOptions = {}): void {
    const isInbox = mailboxId === null && Object.keys(how).length === 0
    this.#loop.show(isInbox ? INBOX : { ...INBOX, ...how, mailboxId })
  }

  showAll(how: ListOptions): void {
    this.#loop.show({ ...INBOX, ...how, everywhere: true })
  }

  /** Resolves once the list that this device keeps is there, or it is known that there is none to be shown yet. */
  get restored(): Promise<void> {
    return this.#session.restored
  }

  picturesAllowed(address: string): boolean {
    this.#now()
    return this.#context.senders.pictures.has(address)
  }

  allowPictures(address: string): Promise<void> {
    return troubled(this.#context.senders.pictures.add(address))
  }

  knowsWarning(warning: Warning): boolean {
    this.#now()
    return this.#context.senders.warnings.has(keyOf(warning))
  }

  knowWarning(warning: Warning): Promise<void> {
    return troubled(this.#context.senders.warnings.add(keyOf(warning)))
  }

  isReported(address: string): boolean {
    this.#now()
    return this.#context.senders.reported.has(address)
  }

  markReported(address: string, on: boolean): Promise<void> {
    return troubled(on ? this.#context.senders.reported.add(address) : this.#context.senders.reported.drop(address))
  }

  get savedSearches(): readonly SavedSearch[] {
    this.#now()
    return this.#context.saved.all
  }

  part<T>(create: (context: never) => T): T {
    const made = this.#parts.get(create) ?? (create as (context: PartContext) => T)(this.#context)
    this.#parts.set(create, made)
    return made as T
  }

  search(): Promise<Search> {
    this.#searching ??= import('#lib/search/state/search.svelte.ts').then(
      ({ SearchState }) =>
        new SearchState({
          loop: this.#loop,
          saved: this.#context.saved,
          document: this.#context.document,
          labels: () => this.labels.items,
          mailboxes: () => this.mailboxes.items,
          read: (body) => shownBody(body, () => ''),
          part: (create) => this.part(create),
          troubleOf
        })
    )
    this.#searching.catch(() => (this.#searching = null))
    return this.#searching
  }

  compose(): Promise<Compose> {
    const made = (compose: ComposeState): void => void (this.#composing = compose)
    this.#compose ??= import('#lib/writing/state/compose.svelte.ts').then(({ ComposeState }) =>
      ComposeState.create(this.#session, this.actions.outbox, (create) => this.part(create), made)
    )
    this.#compose.catch(() => (this.#compose = null))
    return this.#compose
  }

  sent(): Promise<Sent> {
    this.#sent ??= import('#lib/writing/state/sent.svelte.ts').then(({ SentState }) => {
      const sent = new SentState(this.#session, () => this.compose())
      this.#tasks.push(sent)
      return sent
    })
    this.#sent.catch(() => (this.#sent = null))
    return this.#sent
  }

  async keepLanguage(): Promise<void> {
    await this.#quietly(syncLanguage(this.#session.ports.language, this.#context.document, {}))
  }

  /** drafts that the mail server lacks, messages that wait to be sent, and actions that cannot be sent */
  get unsent(): number {
    const { task, waiting } = this.actions.outbox
    // What was done a moment ago is on its way.
    return (this.#composing?.unsent ?? this.#now().kept.draftsAtStart) + (task.trouble ? waiting : 0)
  }

  stop(): void {
    this.#stopped = true
    ;[...this.#tasks, this.#prefetch, this.#composing].forEach((task) => task?.stop())
  }

  async #seeListed(created: readonly Email[]): Promise<void> {
    if (created.length === 0) {
      return
    }
    const found = await import('#lib/sync/late-index.ts').catch(() => null)
    this.#late ??= found && new found.LateIndex(this.#loop)
    await this.#late?.see(created)
  }

  /** Not needed for the first view. */
  async #lookAhead(): Promise<void> {
    const { BodyPrefetch } = await import('#lib/sync/body-prefetch.ts')
    if (!this.#stopped) {
      this.#prefetch = new BodyPrefetch(this.#loop, () => this.#live.leads)
      this.#prefetch.wake()
    }
  }

  /** However often it is asked for while they are read, they are read once more. */
  #readSettings(): Promise<void> {
    if (this.#reading) return (this.#readAgain ??= this.#reading.then(() => this.#readSettings()))
    this.#readAgain = null
    return (this.#reading = this.#readNow().finally(() => (this.#reading = null)))
  }

  #readNow(): Promise<void> {
    return this.#quietly(
      this.#context.document.read().then((settings) => {
        this.#context.senders.take(settings)
        this.#labels.take(settings)
        this.#context.saved.take(settings)
        return syncLanguage(this.#session.ports.language, this.#context.document, settings)
      })
    )
  }

  /** A failure at the settings is harmless: pictures stay blocked, and a language waits on this device. */
  async #quietly(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (failure) {
      if (!(failure instanceof JmapFailure)) {
        this.#session.ports.report(failure)
      }
    }
  }

  #now(): Session {
    this.#signal.track()
    return this.#session
  }

  #accountChanged(): void {
    this.#signal.notify()
    this.labels.changed()
  }

  #listChanged(): void {
    this.#live.know(this.mailboxes.byRole('inbox')?.count ?? 0)
    const view = this.#session.list
    if (view !== (this.#list?.view ?? null)) {
      this.#list = view && new ListState(this.#loop, view, this.#rows)
    }
    this.#list?.changed()
    this.#prefetch?.wake()
  }

  #connectionChanged(): void {
    if (this.#session.trouble && this.actions.waiting > 0) {
      // What waits longer than a moment is nowhere else.
      this.#session.ports.persist()
    }
  }
}

export function createMail(ports: Ports): MailState {
  return new MailState(ports)
}
