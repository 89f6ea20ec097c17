/** Who is signed in, what is known of their mail, and how the mail server is reached. Whoever wants to be told listens. */
import { JmapClient, MAIL } from '#lib/jmap/client.ts'
import { JmapFailure, noResponse } from '#lib/jmap/errors.ts'
import type { Email, Id, Mailbox } from '#lib/jmap/types.ts'
import type { Entry } from '#lib/actions/domain/entry.ts'
import { labelsOf, type Label } from '#lib/mail/label.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import { Objects } from '#lib/store/objects.ts'
import { keyOf } from '#lib/store/query.ts'
import { Facts } from './facts.ts'
import { DeviceCache, type Start } from './device-cache.ts'
import type { ListView } from './list-view.ts'
import { Lists } from './lists.ts'
import type { Ports } from './ports.ts'

/** What the screen shows, and what of it changed. */
type Topic = 'account' | 'list' | 'reader' | 'connection'

/** What is told, and with what. */
type Events = Record<Topic, []> & {
  /** It is certain whose account it is. */
  known: [owner: string]
  /** what this device kept of the actions that the server has not confirmed */
  kept: [entries: readonly Entry[]]
  /** A round found these emails to be created. */
  arrived: [created: readonly Email[]]
  /** This round brought all that the server had when it was begun. */
  round: [number: number]
  /** The person does not want to wait for a pause, or signed in again. */
  try: []
  /** This tab changed emails otherwise than by actions: no live event tells the tabs of this browser. `moves`: one of them came
   * to Drafts or to Sent, or left it. */
  wrote: [moves: boolean]
  /** The person's settings were stored, with this tag; null: that may have been missed. */
  settings: [tag: string | null]
  /** The identities may be others than before. */
  identities: []
}

export class Session {
  readonly client: JmapClient
  readonly objects = new Objects()
  readonly facts = new Facts(this.objects)
  readonly lists = new Lists(this.objects)
  readonly kept: DeviceCache
  readonly ports: Ports
  /** for which a message that was sent can be undone */
  readonly undoSeconds: () => number
  /** names and colours of keywords */
  labels: readonly Label[] = []
  /** the conversation in the reader, which outlives a list that is asked for anew */
  openThread: Id | null = null
  /** it is certain who is signed in */
  isKnown = false
  /** why the last round failed */
  trouble: Trouble | null = null
  /** resolves once it is known whether this device's rows may be shown before the service answers */
  readonly restored: Promise<void>
  readonly #listeners = new Set<readonly [event: keyof Events, listener: (...told: never) => void]>()
  /** the person to whom the service sent this page */
  readonly #person: string | null
  #read: () => void = () => undefined
  #connecting: Promise<void> | null = null
  #address = ''
  #authservId: string | null = null

  constructor(ports: Ports, undoSeconds: () => number = () => 10) {
    this.ports = ports
    this.undoSeconds = undoSeconds
    this.#person = ports.takePerson()
    this.restored = new Promise((resolve) => {
      this.#read = resolve
    })
    this.kept = new DeviceCache(ports, this.objects)
    this.client = new JmapClient(ports)
    this.client.onstranger = () => this.#leave()
  }

  /** Returns how to end that. */
  on<E extends keyof Events>(event: E, listener: (...told: Events[E]) => void): () => void {
    const entry = [event, listener] as const
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  tell<E extends keyof Events>(event: E, ...told: Events[E]): void {
    for (const [asked, listener] of this.#listeners) {
      try {
        if (asked === event) listener(...(told as never))
      } catch (mistake) {
        // In what is shown; what is known and asked for must not suffer from it.
        this.ports.report(mistake)
      }
    }
  }

  /** What the screen shows of it changed. */
  changed(...topics: Topic[]): void {
    topics.forEach((topic) => this.tell(topic))
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

  /** the one that is shown */
  get list(): ListView | null {
    return this.lists.shown
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
      this.tell('kept', read.entries)
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
    this.tell('kept', kept.entries)
    this.tell('known', owner)
    this.changed('account', 'list', 'reader')
  }

  #keyIn(mailboxes: readonly Mailbox[]): string | null {
    const query = this.lists.queryIn(mailboxes)
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
      this.lists.choose()
      this.list?.restore(threads.list)
      this.changed('account', 'list', 'reader')
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
    this.facts.generation += 1
    this.objects.forgetEmails()
    this.objects.putMailboxes([])
    this.lists.clear()
    this.changed('account', 'list', 'reader')
  }

  /** Somebody else has signed in in this browser: nothing of the one before stays on the screen, and for the next one it
   * starts anew, which deletes what this device keeps of others. */
  #leave(): void {
    this.kept.stop()
    this.#forget()
    this.ports.reload()
  }
}
