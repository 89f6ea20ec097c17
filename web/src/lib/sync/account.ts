/**
 * The mail account behind the page: what is known of it, and the rounds that bring it up to date.
 *
 * A round asks in one request for what changed since the states that are known, for the list that is shown, and for what
 * the screen lacks. All answers are applied in one go, so the screen never shows half of a round.
 */
import { JmapClient, MAIL, type Results } from '#lib/jmap/client.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { ChangesResponse, Email, GetResponse, Id, Mailbox, Thread } from '#lib/jmap/types.ts'
import { Objects, type MutableFacts } from '#lib/store/objects.ts'
import * as calls from './calls.ts'
import { ListView, type ListAnswers, type Rows } from './list-view.ts'
import type { Ports } from './ports.ts'
import { Task } from './task.ts'

/** A server that never agrees with itself must not keep us busy: the rest comes with the next hint. */
const MOST_ROUNDS = 8

export type Topic = 'account' | 'list' | 'reader' | 'connection'

export class Account {
  readonly client: JmapClient
  readonly objects = new Objects()
  readonly sync: Task
  readonly ports: Ports
  readonly #listeners = new Set<(topic: Topic) => void>()
  readonly #lists = new Map<Id, ListView>()
  #shown: ListView | null = null
  /** the mailbox that the address of the page names; null is the inbox */
  #wanted: Id | null = null
  #emailState: string | null = null
  #mailboxState: string | null = null
  #connecting: Promise<void> | null = null
  /** something may have changed since the states that are known */
  #outdated = true

  constructor(ports: Ports) {
    this.ports = ports
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

  get list(): ListView | null {
    return this.#shown
  }

  show(mailboxId: Id | null): void {
    this.#wanted = mailboxId
    this.#choose()
    this.#outdated = true
    this.tell('list')
    void this.sync.run()
  }

  /** Something may have changed at the server. */
  hint(): Promise<void> {
    this.#outdated = true
    return this.sync.run()
  }

  /** The rows of the list that the screen shows. */
  want(from: number, to: number): void {
    if (this.#shown?.want(from, to)) {
      void this.sync.run()
    }
  }

  stop(): void {
    this.sync.stop()
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
      if (!this.#outdated && !this.#shown?.lacks) {
        return
      }
    }
  }

  /** One request, or a few. */
  async #round(outdated: boolean): Promise<void> {
    const list = this.#shown
    const anew = this.#emailState === null
    const [mailboxes, emails, answers] = await Promise.all([
      outdated
        ? this.client.run(this.#mailboxState ? calls.mailboxChanges(this.#mailboxState) : calls.allMailboxes())
        : null,
      outdated && this.#emailState ? this.client.run(calls.emailChanges(this.#emailState)) : null,
      list ? list.ask(this.client, { anew, outdated }) : null
    ])
    if (emails && isLost(emails)) {
      // The next round asks for everything; what is painted stays until its answers are here.
      this.#emailState = null
      this.#outdated = true
      return
    }
    const rows = list && answers ? await list.rows(this.client, this.objects, answers, emails) : null
    if (mailboxes) {
      this.#applyMailboxes(mailboxes)
    }
    if (emails) {
      this.#applyEmails(emails)
    }
    if (list && answers && rows) {
      this.#applyList(list, answers, rows, anew)
    }
    this.#choose()
  }

  #applyList(list: ListView, answers: ListAnswers, rows: Rows, anew: boolean): void {
    if (anew) {
      this.objects.forgetEmails()
      this.#lists.clear()
      this.#lists.set(list.mailboxId, list)
      this.#emailState = rows.state
    }
    this.objects.putEmails(rows.emails)
    this.objects.putThreads(rows.threads)
    if (list.apply(answers, this.objects, this.ports.now())) {
      this.#outdated = true
    }
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
    const session = await this.client.connect()
    if (!(MAIL in session.primaryAccounts)) {
      throw new JmapFailure('mailbox_not_ready', { transient: true })
    }
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

  #applyEmails(results: Results): void {
    const changes = results.get<ChangesResponse>('changes')
    this.objects.putEmails(results.get<GetResponse<Email>>('created').list)
    this.objects.updateEmails(results.get<GetResponse<MutableFacts>>('updated').list)
    this.objects.putThreads(results.get<GetResponse<Thread>>('threads').list)
    this.objects.removeEmails(changes.destroyed)
    this.#emailState = changes.newState
    this.#outdated ||= changes.hasMoreChanges
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
