/**
 * The mail account behind the page: what is known of it, and the rounds that bring it up to date.
 *
 * A round asks in one request for what changed since the states that are known, for the list that is shown, and for what
 * the screen lacks. All answers are applied in one go, so the screen never shows half of a round.
 */
import { JmapClient, MAIL, QUOTA, type Results } from '#lib/jmap/client.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { ChangesResponse, Email, GetResponse, Id, Mailbox, QuotaObject, Thread } from '#lib/jmap/types.ts'
import { Objects, type MutableFacts } from '#lib/store/objects.ts'
import * as calls from './calls.ts'
import { ListView } from './list-view.ts'
import { Kept } from './kept.ts'
import type { Ports } from './ports.ts'
import { rowsOf, type Rows } from './rows.ts'
import { Task } from './task.ts'

/** A server that never agrees with itself must not keep us busy: the rest comes with the next hint. */
const MOST_ROUNDS = 8

export type Topic = 'account' | 'list' | 'reader' | 'connection'

export class Account {
  readonly client: JmapClient
  readonly objects = new Objects()
  readonly sync: Task
  readonly kept: Kept
  readonly ports: Ports
  /** the conversation in the reader, which outlives a list that is asked for anew */
  openThread: Id | null = null
  /** rounds that were applied: an answer that was asked for before the last one may be older than what is known */
  applied = 0
  readonly #whenKnown: (owner: string) => void
  readonly #listeners = new Set<(topic: Topic) => void>()
  readonly #lists = new Map<Id, ListView>()
  #shown: ListView | null = null
  /** the mailbox that the address of the page names; null is the inbox */
  #wanted: Id | null = null
  #emailState: string | null = null
  #mailboxState: string | null = null
  #quota: { used: number; limit: number } | null = null
  #connecting: Promise<void> | null = null
  /** something may have changed since the states that are known */
  #outdated = true

  /** `whenKnown` is told whose account it is. */
  constructor(ports: Ports, whenKnown: (owner: string) => void) {
    this.ports = ports
    this.#whenKnown = whenKnown
    this.kept = new Kept(ports, this.objects)
    this.client = new JmapClient(ports)
    this.sync = new Task(
      ports,
      () => this.#rounds(),
      () => this.#settled()
    )
  }

  listen(listener: (topic: Topic) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(...topics: Topic[]): void {
    topics.forEach((topic) => this.#listeners.forEach((listener) => listener(topic)))
  }

  get address(): string {
    return this.client.connected ? this.client.session.username : ''
  }

  /** Octets; null if the server has no quota for this account. */
  get quota(): { used: number; limit: number } | null {
    return this.#quota
  }

  get list(): ListView | null {
    return this.#shown
  }

  show(mailboxId: Id | null): void {
    this.#wanted = mailboxId
    this.#choose()
    if (this.#shown?.asOf === null) {
      void this.#restore(this.#shown)
    }
    this.#outdated = true
    this.tell('list')
    void this.sync.run()
  }

  /** Something may have changed at the server. */
  hint(): Promise<void> {
    this.#outdated = true
    return this.sync.run()
  }

  /** The person asks for it: now, and all of it. */
  tryNow(): void {
    this.#outdated = true
    this.sync.tryNow()
  }

  /** The rows of the list that the screen shows. */
  want(from: number, to: number): void {
    if (this.#shown?.want(from, to)) {
      void this.sync.run()
    }
  }

  stop(): void {
    this.sync.stop()
    this.kept.stop()
  }

  async #restore(list: ListView): Promise<void> {
    const rows = await this.kept.rows(list.mailboxId)
    if (rows && list.asOf === null) {
      this.objects.restore(rows.emails, rows.threads)
      list.restore(rows.list)
      this.tell('list')
    }
  }

  #settled(): void {
    this.tell('account', 'list', 'connection')
  }

  #choose(): void {
    const { mailboxes } = this.objects
    const inbox = [...mailboxes.values()].find(({ role }) => role === 'inbox')?.id
    const id = this.#wanted !== null && (mailboxes.has(this.#wanted) || mailboxes.size === 0) ? this.#wanted : inbox
    if (id === undefined) {
      this.#shown = null
      return
    }
    let list = this.#lists.get(id)
    if (!list) {
      list = new ListView(id)
      this.#lists.set(id, list)
    }
    this.#shown = list
  }

  async #rounds(): Promise<void> {
    if (!this.client.connected) {
      await this.connected()
    }
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const outdated = this.#outdated
      this.#outdated = false
      try {
        await this.#round(outdated)
      } catch (failure) {
        this.#outdated ||= outdated
        throw failure
      }
      this.tell('account', 'list', 'reader')
      if (!this.#isOutdated() && !this.#shown?.lacks) {
        return
      }
    }
  }

  /** Also by a hint that came during a round. */
  #isOutdated(): boolean {
    return this.#outdated
  }

  /** One request, or a few. */
  async #round(outdated: boolean): Promise<void> {
    const list = this.#shown
    const anew = this.#emailState === null
    const open = anew ? this.openThread : null
    const [mailboxes, emails, answers, conversation] = await Promise.all([
      outdated ? this.client.run(calls.mailboxes(this.#mailboxState, this.client.offers(QUOTA))) : null,
      outdated && this.#emailState ? this.client.run(calls.emailChanges(this.#emailState)) : null,
      list ? list.ask(this.client, { anew, outdated }) : null,
      open === null ? null : this.client.run(calls.conversation(open))
    ])
    if (emails && (isLost(emails) || emails.get<ChangesResponse>('changes').hasMoreChanges)) {
      // The next round asks for the list anew, which costs less than a long row of changes; what is painted stays until
      // its answers are here.
      this.#emailState = null
      this.#mailboxState = null
      this.#outdated = true
      return
    }
    const found = answers && [...answers.results, ...(conversation ? [conversation] : [])]
    const rows = found && (await rowsOf(this, found, emails))
    if (mailboxes) {
      this.#applyQuota(mailboxes)
      this.#applyMailboxes(mailboxes)
    }
    if (rows) {
      this.#applyRows(rows, anew)
    }
    if (emails) {
      // Behind the rows: they may come from another request, and be older.
      this.#applyEmails(emails)
    }
    if (list && answers && list.apply(answers, this.objects, this.ports.now())) {
      this.#outdated = true
    }
    this.applied += 1
    this.#choose()
    this.#keep(list, emails, anew)
  }

  #keep(list: ListView | null, emails: Results | null, anew: boolean): void {
    if (this.#emailState === null || this.#mailboxState === null) {
      return
    }
    const changes = emails?.find<ChangesResponse>('changes')
    // An email that changed and is not known here may be kept all the same.
    const removed = [...(changes?.updated ?? []), ...(changes?.destroyed ?? [])].filter(
      (id) => !this.objects.baseOf(id)
    )
    this.kept.note({ email: this.#emailState, mailbox: this.#mailboxState }, list, removed, anew)
  }

  #applyRows(rows: Rows, anew: boolean): void {
    if (anew) {
      this.objects.forgetEmails()
      this.#emailState = rows.state
    }
    this.objects.putEmails(rows.emails)
    this.objects.putThreads(rows.threads)
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
    const reading = this.kept.read(this.#wanted)
    const session = await this.client.connect()
    if (!(MAIL in session.primaryAccounts)) {
      throw new JmapFailure('mailbox_not_ready', { transient: true })
    }
    // A restored mail server may give the id of one person's account to another one.
    const owner = `${session.username}/${this.client.accountId}`
    const { states, mailboxes, rows } = await this.kept.claim(owner, this.#wanted, await reading)
    if (states && rows) {
      this.#emailState = states.email
      this.#mailboxState = states.mailbox
      this.objects.putMailboxes(mailboxes)
      this.objects.restore(rows.emails, rows.threads)
      this.#choose()
      this.#shown?.restore(rows.list)
    }
    this.tell('account', 'list', 'reader')
    this.#whenKnown(owner)
  }

  #applyMailboxes(results: Results): void {
    if (!this.#mailboxState) {
      const { state, list } = results.get<GetResponse<Mailbox>>('get')
      this.objects.putMailboxes(list)
      this.#mailboxState = state
      return
    }
    if (isLost(results)) {
      this.#mailboxState = null
      this.#outdated = true
      return
    }
    const changes = results.get<ChangesResponse>('changes')
    const created = results.get<GetResponse<Mailbox>>('created').list
    const updated = results.get<GetResponse<Mailbox>>('updated').list
    this.objects.updateMailboxes([...created, ...updated], changes.destroyed)
    this.#mailboxState = changes.newState
  }

  /** RFC 9425 §4.2: of the octets of one's own mail. */
  #applyQuota(results: Results): void {
    const list = results.find<GetResponse<QuotaObject>>('quota')?.list
    const own = list?.find(({ resourceType, scope }) => resourceType === 'octets' && scope === 'account')
    if (list) {
      this.#quota = own ? { used: own.used, limit: own.hardLimit } : null
    }
  }

  #applyEmails(results: Results): void {
    const changes = results.get<ChangesResponse>('changes')
    this.objects.putEmails(results.get<GetResponse<Email>>('created').list)
    this.objects.updateEmails(results.get<GetResponse<MutableFacts>>('updated').list)
    this.objects.putThreads(results.get<GetResponse<Thread>>('threads').list)
    this.objects.removeEmails(changes.destroyed)
    this.#emailState = changes.newState
  }
}

/** RFC 8620 §5.2: the server does not know the state any more. Other failures of the call are raised. */
function isLost(results: Results): boolean {
  if (results.errorOf('changes') === 'cannotCalculateChanges') {
    return true
  }
  results.get('changes')
  return false
}
