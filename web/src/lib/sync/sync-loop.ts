/**
 * The rounds that bring up to date what is known of the mail.
 *
 * A round asks in one request for what changed since the states that are known, for the list that is shown, and for what
 * the screen lacks. All responses are applied in one go, so the screen never shows half of a round.
 */
import type { ListView } from './list-view.ts'
import { INBOX, type AskedList } from './lists.ts'
import { askWhatChanged } from './round.ts'
import type { Session } from './session.ts'
import { Task } from './task.ts'

/** A server that never agrees with itself must not keep us busy: the rest comes with the next hint. */
const MOST_ROUNDS = 8
/** Emails in no list that are kept in memory: those that were scrolled by may be selected. */
const MOST_UNUSED = 1_000

export class SyncLoop {
  readonly session: Session
  readonly task: Task
  /** rounds that asked what changed, and were begun */
  rounds = 0
  /** something may have changed since the states that are known */
  #outdated = true

  constructor(session: Session) {
    this.session = session
    this.task = new Task(
      session.ports,
      () => this.#rounds(),
      () => {
        session.trouble = this.task.trouble
        session.changed('account', 'list', 'connection')
      }
    )
    session.client.onfailed = ({ code }) => {
      // Whoever met it, the whole page is told, which asks to sign in.
      if (code === 'no_session' && !this.task.running && !this.task.trouble) {
        void this.hint()
      }
    }
    // What it asked itself may have been refused for an hour.
    session.on('known', () => void (this.task.running || this.task.tryNow()))
    session.on('wrote', (moves) => void this.#wrote(moves))
  }

  show(asked: AskedList): void {
    const { lists } = this.session
    if (asked === INBOX && lists.asked === INBOX && this.task.running) return
    lists.asked = asked
    lists.choose()
    if (lists.shown) void this.#restore(lists.shown)
    this.#outdated = true
    this.session.changed('list')
    void this.task.run()
  }

  /** Something may have changed at the server. */
  hint(): Promise<void> {
    this.#outdated = true
    return this.task.run()
  }

  /** The person asks for it: now, and all of it. */
  tryNow(): Promise<void> {
    this.#outdated = true
    this.session.tell('try')
    return this.task.tryNow()
  }

  /** The rows of the list that the screen shows. */
  want(from: number, to: number): void {
    if (this.session.list?.want(from, to, this.session.objects)) void this.task.run()
  }

  /** Rows of the list moved by what the person did. */
  aim(): void {
    if (this.session.list?.aim(this.session.objects) && this.session.isKnown) void this.task.run()
  }

  stop(): void {
    this.task.stop()
    this.session.kept.stop()
  }

  /** What the person moved to Drafts or to Sent is seen there at once, though the rows are held in their places. In every
   * other list they stay held, as it may be hours since the person did it. */
  async #wrote(moves: boolean): Promise<void> {
    await this.hint()
    if (moves && (this.#role === 'drafts' || this.#role === 'sent')) {
      this.session.list?.patchesConfirmed(this.session.objects)
      this.session.changed('list')
    }
  }

  async #restore(list: ListView): Promise<void> {
    const { facts, kept, objects } = this.session
    const { generation } = facts
    const found = list.asOf === null ? await kept.threads(list.key) : null
    // A round that came between told of changes to mail that was not here yet.
    if (found && list.asOf === null && generation === facts.generation) {
      objects.restore(found.emails, found.threads)
      list.restore(found.list)
      this.session.changed('list')
    }
    if (this.#role !== 'drafts') return
    // Without its code the list shows what the mail server listed last.
    const rows = await import('./kept-draft-rows.ts').catch(() => null)
    if (await rows?.addKeptDraftRows(this.session, list)) this.session.changed('list')
  }

  /** of the mailbox whose list is shown */
  get #role(): string | null | undefined {
    return this.session.objects.mailboxes.get(this.session.list?.query.mailboxId ?? '')?.role
  }

  async #rounds(): Promise<void> {
    const { session } = this
    const { lists, objects } = session
    // Not always: a round that is asked for together with other calls shares their request.
    if (!session.isKnown) {
      await session.connected()
    }
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const outdated = this.#outdated
      this.#outdated = false
      try {
        const number = outdated ? (this.rounds += 1) : 0
        if (await askWhatChanged(session, outdated)) {
          this.#outdated = true
        } else if (outdated) {
          session.tell('round', number)
        }
        lists.choose()
        objects.forgetUnused([...lists.ids(), ...objects.thread(session.openThread ?? '')], MOST_UNUSED)
      } catch (failure) {
        this.#outdated ||= outdated
        throw failure
      }
      session.changed('account', 'list', 'reader')
      if (!this.#isOutdated() && !lists.shown?.lacks) {
        return
      }
    }
  }

  /** A hint that came during a round makes it so, too. */
  #isOutdated(): boolean {
    return this.#outdated
  }
}
