/**
 * The mail account behind the page: what is known of it, and the rounds that bring it up to date.
 *
 * A round asks in one request for what changed since the states that are known, for the list that is shown, and for what
 * the screen lacks. All responses are applied in one go, so the screen never shows half of a round.
 */
import { JmapClient, MAIL } from '#lib/jmap/client.ts'
import { JmapFailure, noResponse } from '#lib/jmap/errors.ts'
import type { Email, Id, Mailbox } from '#lib/jmap/types.ts'
import type { Entry } from '#lib/outbox/entry.ts'
import { labelsOf, type Label } from '#lib/mail/label.ts'
import { Objects } from '#lib/store/objects.ts'
import { keyOf } from '#lib/store/query.ts'
import { Facts } from './facts.ts'
import { Kept, type Start } from './kept.ts'
import type { ListView } from './list-view.ts'
import { INBOX, Lists, type AskedList } from './lists.ts'
import type { Ports } from './ports.ts'
import { askWhatChanged } from './round.ts'
import { Task } from './task.ts'

/** A server that never agrees with itself must not keep us busy: the rest comes with the next hint. */
const MOST_ROUNDS = 8
/** Emails in no list that are kept in memory: those that were scrolled by may be selected. */
const MOST_UNUSED = 1_000

export type Topic = 'account' | 'list' | 'reader' | 'connection'

export class Account {
  readonly client: JmapClient
  readonly objects = new Objects()
  readonly facts = new Facts(this.objects)
  readonly sync: Task
  readonly kept: Kept
  readonly ports: Ports
  /** told of the emails that a round found to be created */
  onarrived: (created: readonly Email[]) => void = () => undefined
  /** told that the person's settings were stored, with their tag; null: that may have been missed */
  onsettings: ((etag: string | null) => void) | null = null
  /** the conversation in the reader, which outlives a list that is asked for anew */
  openThread: Id | null = null
  readonly #whenKnown: (owner: string) => void
  readonly #listeners = new Set<(topic: Topic) => void>()
  readonly #lists: Lists
  #connecting: Promise<void> | null = null
  /** the person to whom the service sent this page */
  readonly #person: string | null
  #address = ''
  #authservId: string | null = null
  /** for which a message that was sent can be undone */
  undoSeconds = (): number => 10
  /** names and colours of keywords */
  labels: readonly Label[] = []
  /** it is certain who is signed in */
  isKnown = false
  /** resolves once it is known whether this device's rows may be shown before the service answers */
  readonly restored: Promise<void>
  #read: () => void = () => undefined
  /** something may have changed since the states that are known */
  #outdated = true
  /** rounds that asked what changed, and were begun */
  rounds = 0
  /** told when such a round brought all that the server had when it was begun */
  onround: (round: number) => void = () => undefined
  /** told that the person does not want to wait for a pause, or signed in again */
  ontry: () => void = () => undefined
  /** told that this tab changed emails otherwise than by actions */
  onwrote: () => void = () => undefined
  /** told what this device kept of the actions that the server has not confirmed */
  onkept: (entries: readonly Entry[]) => void = () => undefined

  /** `whenKnown` is told whose account it is. */
  constructor(ports: Ports, whenKnown: (owner: string) => void) {
    this.ports = ports
    this.#whenKnown = whenKnown
    this.#person = ports.takePerson()
    this.restored = new Promise((resolve) => {
      this.#read = resolve
    })
    this.#lists = new Lists(this.objects)
    this.kept = new Kept(ports, this.objects)
    this.client = new JmapClient(ports)
    this.client.onstranger = () => this.#leave()
    this.client.onfailed = ({ code }) => {
      // Whoever met it, the whole page is told, which asks to sign in.
      if (code === 'no_session' && !this.sync.running && !this.sync.trouble) {
        void this.hint()
      }
    }
    this.sync = new Task(
      ports,
      () => this.#rounds(),
      () => this.#tellAll()
    )
  }

  listen(listener: (topic: Topic) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(...topics: Topic[]): void {
    for (const topic of topics) {
      for (const listener of this.#listeners) {
        try {
          listener(topic)
        } catch (mistake) {
          // In what is shown; what is known and asked for must not suffer from it.
          this.ports.report(mistake)
        }
      }
    }
  }

  get address(): string {
    return this.isKnown ? this.client.session.username : this.#address
  }

  /** Whose mail is on screen is certain: the service has named the person in the page, if it has not answered since. */
  get isShown(): boolean {
    return this.address !== ''
  }

  /** The name under which our mail server writes Authentication-Results; null if nobody told. */
  get authservId(): string | null {
    return this.isKnown ? this.client.authservId : this.#authservId
  }

  get list(): ListView | null {
    return this.#lists.shown
  }

  show(asked: AskedList): void {
    if (asked === INBOX && this.#lists.asked === INBOX && this.sync.running) return
    this.#lists.asked = asked
    this.#lists.choose()
    if (this.#lists.shown) void this.#restore(this.#lists.shown)
    this.#outdated = true
    this.tell('list')
    void this.sync.run()
  }

  /** Something may have changed at the server. */
  hint(): Promise<void> {
    this.#outdated = true
    return this.sync.run()
  }

  /** This tab changed emails at the server: no live event tells the tabs of this browser. `moves`: one of them came to
   * Drafts or to Sent, or left it. There it is seen at once, though the rows are held in their places; in every other list
   * they stay held, as it may be hours since the person did it. */
  async wrote(moves = false): Promise<void> {
    this.onwrote()
    await this.hint()
    if (moves && (this.#role === 'drafts' || this.#role === 'sent')) {
      this.list?.patchesConfirmed(this.objects)
      this.tell('list')
    }
  }

  /** The person asks for it: now, and all of it. */
  tryNow(): Promise<void> {
    this.#outdated = true
    this.ontry()
    return this.sync.tryNow()
  }

  /** The rows of the list that the screen shows. */
  want(from: number, to: number): void {
    if (this.#lists.shown?.want(from, to, this.objects)) void this.sync.run()
  }

  /** Rows of the list moved by what the person did. */
  aim(): void {
    if (this.#lists.shown?.aim(this.objects) && this.isKnown) void this.sync.run()
  }

  stop(): void {
    this.sync.stop()
    this.kept.stop()
  }

  async #restore(list: ListView): Promise<void> {
    const { version } = this.facts
    const kept = list.asOf === null ? await this.kept.threads(list.key) : null
    // A round that came between told of changes to mail that was not here yet.
    if (kept && list.asOf === null && version === this.facts.version) {
      this.objects.restore(kept.emails, kept.threads)
      list.restore(kept.list)
      this.tell('list')
    }
    if (this.#role !== 'drafts') return
    // Without its code the list shows what the mail server listed last.
    const late = await import('./kept-draft-rows.ts').catch(() => null)
    if (await late?.addKeptDraftRows(this, list)) this.tell('list')
  }

  /** of the mailbox whose list is shown */
  get #role(): string | null | undefined {
    return this.objects.mailboxes.get(this.list?.query.mailboxId ?? '')?.role
  }

  #tellAll(): void {
    this.tell('account', 'list', 'connection')
  }

  async #rounds(): Promise<void> {
    // Not always: a round that is asked for together with other calls shares their request.
    if (!this.isKnown) {
      await this.connected()
    }
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const outdated = this.#outdated
      this.#outdated = false
      try {
        const number = outdated ? (this.rounds += 1) : 0
        if (await askWhatChanged(this, this.#lists, outdated)) {
          this.#outdated = true
        } else if (outdated) {
          this.onround(number)
        }
        this.#lists.choose()
        this.objects.forgetUnused([...this.#lists.ids(), ...this.objects.thread(this.openThread ?? '')], MOST_UNUSED)
      } catch (failure) {
        this.#outdated ||= outdated
        throw failure
      }
      this.tell('account', 'list', 'reader')
      if (!this.#isOutdated() && !this.#lists.shown?.lacks) {
        return
      }
    }
  }

  /** A hint that came during a round makes it so, too. */
  #isOutdated(): boolean {
    return this.#outdated
  }

  /** Resolves once it is known who is signed in. */
  connected(): Promise<void> {
    this.#connecting ??= this.#connect().catch((failure: unknown) => {
      this.#connecting = null
      throw failure
    })
    return this.#connecting
  }

  async #connect(): Promise<void> {
    const asked = this.client.connect()
    asked.catch(() => undefined) // it is awaited below
    const read = await this.kept.read((mailboxes) => this.#keyIn(mailboxes))
    if (this.#person !== null && read.states?.person === this.#person) {
      this.#restoreAll(read)
      this.onkept(read.entries)
    }
    this.#read()
    const session = await asked.catch((failure: unknown) => this.#failed(failure))
    if (!(MAIL in session.primaryAccounts))
      return this.#failed(new JmapFailure('mailbox_not_ready', { transient: true }))
    if (this.#person && !this.client.identityId) return this.#failed(noResponse()) // The service names them in both.
    if (this.#person !== null && this.#person !== this.client.identityId) {
      // Somebody else has signed in since the service sent this page.
      this.#forget()
      await this.kept.clear()
      this.#leave()
      return new Promise<never>(() => undefined)
    }
    const { owner } = this.client
    const kept = await this.kept.claim(owner, (mailboxes) => this.#keyIn(mailboxes), read)
    this.#restoreAll(kept)
    this.isKnown = true
    this.onkept(kept.entries)
    this.tell('account', 'list', 'reader')
    this.#whenKnown(owner)
    if (!this.sync.running) void this.sync.tryNow() // What it asked itself may have been refused for an hour.
  }

  #keyIn(mailboxes: readonly Mailbox[]): string | null {
    const query = this.#lists.queryIn(mailboxes)
    return query && keyOf(query)
  }

  /** What this device kept, which is this person's. */
  #restoreAll({ states, mailboxes, threads }: Start): void {
    if (states && threads && this.facts.emailState === null) {
      this.#address = states.address
      this.#authservId = states.authservId
      this.labels = labelsOf(states.labels)
      this.facts.emailState = states.email
      this.facts.mailboxState = states.mailbox
      this.objects.putMailboxes(mailboxes)
      this.objects.restore(threads.emails, threads.threads)
      this.#lists.choose()
      this.#lists.shown?.restore(threads.list)
      this.tell('account', 'list', 'reader')
    }
  }

  /** It could not be asked who is signed in. What is shown already may stay only if nobody answered. */
  #failed(failure: unknown): never {
    const isAway = failure instanceof JmapFailure && failure.transient && !failure.code.startsWith('mailbox_')
    if (!isAway) {
      this.#forget()
    }
    throw failure
  }

  #forget(): void {
    this.#address = ''
    this.labels = []
    this.facts.lose()
    // What is being read of the device comes too late.
    this.facts.version += 1
    this.objects.forgetEmails()
    this.objects.putMailboxes([])
    this.#lists.clear()
    this.tell('account', 'list', 'reader')
  }

  /** Somebody else has signed in in this browser: nothing of the one before stays on the screen, and for the next one it
   * starts anew, which deletes what this device keeps of others. */
  #leave(): void {
    this.kept.stop()
    this.#forget()
    this.ports.reload()
  }
}
