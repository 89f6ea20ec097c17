/**
 * What the person did, shown at once and sent until the mail server has it: in one order, by one tab of this browser at
 * a time, also after a reload.
 *
 * An entry is laid over the facts until a round that was begun after it was confirmed has brought them: whatever was
 * asked for before that may be older than the change.
 */
import type { Id } from '#lib/jmap/types.ts'
import { resolved, withoutEmails, type Entry } from '#lib/outbox/entry.ts'
import type { Patch } from '#lib/store/objects.ts'
import type { Account } from './account.ts'
import { sendEntries, type Outcome } from './email-set.ts'
import { OutboxTabs } from './outbox-tabs.ts'
import { Task } from './task.ts'

/** Milliseconds in which actions are gathered into one Email/set. */
const GATHER = 50
/** Milliseconds after which a tab sends what another one did: that one may be gone. */
const OTHERS = 1_000
/** Ids of settled entries that are remembered: one tab may tell of it before another tells that there is one. */
const MOST_SETTLED = 1_000

/** An entry in this tab. */
export interface Pending {
  readonly entry: Entry
  /** the patches without what was refused */
  patches: readonly Patch[]
  /** the first round that tells of it; null until the server confirmed it */
  round: number | null
  /** this device keeps it; resolves to false if it cannot */
  readonly kept: Promise<boolean>
  /** the emails to which it was not done */
  left: ReadonlySet<Id>
  /** resolves with `left` once the server has answered */
  readonly settled: Promise<ReadonlySet<Id>>
  readonly settle: (left: ReadonlySet<Id>) => void
}

export class Outbox {
  readonly task: Task
  /** told what was not done, of own entries and those of the last visit */
  onleft: (entries: readonly Entry[], outcome: Outcome) => void = () => undefined
  readonly #account: Account
  readonly #tabs: OutboxTabs
  #pending: Pending[] = []
  readonly #settled = new Set<string>()
  #gathering = false
  readonly #endReturn: () => void

  constructor(account: Account) {
    this.#account = account
    this.#tabs = new OutboxTabs(account.ports, {
      send: () => this.task.run(),
      heard: (message) => this.#hear(message)
    })
    this.task = new Task(
      account.ports,
      () => this.#send(),
      () => this.#sent()
    )
    account.onround = (round) => this.#roundDone(round)
    account.ontry = () => this.tryNow()
    this.#endReturn = account.ports.onReturn(() => this.tryNow())
    account.onkept = (entries) => this.#restore(entries)
  }

  /** Entries that the server has not confirmed. */
  get waiting(): number {
    return this.#pending.filter(({ round }) => round === null).length
  }

  add(patches: readonly Patch[], names: Entry['names'] = {}): Pending {
    const entry = this.#entryOf(patches, names)
    const pending = this.#put(entry, this.#keep(entry))
    this.#changed()
    this.#sendSoon()
    return pending
  }

  /** As if it had never been, if nothing of it was sent; else `inverse` is done. */
  takeBack({ entry, round, kept, left }: Pending, inverse: readonly Patch[]): void {
    if (round !== null) {
      this.add(withoutEmails(inverse, left), entry.names)
      return
    }
    const back = this.#entryOf(inverse, entry.names)
    // In this turn: the page may be gone in the next one.
    const withdrawn = this.#withdraw(entry, back)
    // Until it is known, both lie over each other, which looks as before.
    this.#put(
      back,
      kept.then((isKept) => (isKept ? withdrawn : this.#withdrawUnkept(entry, back)))
    )
    this.#changed()
    this.#sendSoon()
  }

  /** The person does not want to wait for a pause, or signed in again. */
  tryNow(): void {
    if (this.waiting > 0) {
      this.#tabs.say({ again: true })
      void this.task.tryNow()
      this.#tabs.wantToSend()
    }
  }

  stop(): void {
    this.#endReturn()
    this.task.stop()
    this.#tabs.stop()
  }

  #restore(entries: readonly Entry[]): void {
    this.#tabs.begin(this.#account.kept.name)
    const known = new Set(this.#pending.map(({ entry }) => entry.id))
    entries.filter(({ id }) => !known.has(id)).forEach((entry) => this.#put(entry, Promise.resolve(true)))
    this.#changed()
    if (this.waiting > 0) {
      this.#tabs.wantToSend()
    }
  }

  #entryOf(patches: readonly Patch[], names: Entry['names']): Entry {
    const { ports } = this.#account
    return { id: ports.unique(), at: ports.now(), patches, names, attempted: false }
  }

  #put(entry: Entry, kept: Promise<boolean>): Pending {
    const { promise: settled, resolve: settle } = Promise.withResolvers<ReadonlySet<Id>>()
    const pending = { entry, patches: entry.patches, round: null, kept, left: new Set<Id>(), settled, settle }
    this.#pending = [...this.#pending, pending]
    return pending
  }

  #sendSoon(): void {
    if (!this.#gathering) {
      this.#gathering = true
      this.#account.ports.after(GATHER, () => {
        this.#gathering = false
        this.#tabs.wantToSend()
      })
    }
  }

  /** Where the browser keeps nothing, it is sent from memory. */
  async #keep(entry: Entry): Promise<boolean> {
    try {
      const isKept = await this.#account.kept.addEntry(entry)
      this.#tabs.say({ added: entry })
      return isKept
    } catch (failure) {
      this.#account.ports.report(failure)
      return false
    }
  }

  /** Resolves to true: neither of the two is to be sent from memory. */
  async #withdraw(entry: Entry, back: Entry): Promise<boolean> {
    try {
      if (await this.#account.kept.withdrawEntry(entry.id, back)) {
        this.#forget([entry.id, back.id])
        this.#tabs.say({ withdrawn: entry.id })
      } else {
        this.#tabs.say({ added: back })
      }
      return true
    } catch (failure) {
      this.#account.ports.report(failure)
      return false
    }
  }

  #withdrawUnkept(entry: Entry, back: Entry): boolean {
    if (!this.#handedOver.has(entry.id)) {
      this.#forget([entry.id, back.id])
      void this.#account.kept.removeEntries(new Set([back.id]))
    }
    return false
  }

  /** As if they had never been. */
  #forget(ids: readonly string[]): void {
    ids.forEach((id) => this.#remember(id))
    const forgotten = this.#pending.filter(({ entry }) => ids.includes(entry.id))
    this.#drop(forgotten)
    this.#changed()
    forgotten.forEach(({ settle }) => settle(new Set()))
  }

  /** Entries that this device could not keep, and that were handed to the server. */
  readonly #handedOver = new Set<string>()

  async #send(): Promise<void> {
    await this.#account.connected()
    for (;;) {
      const entries = await this.#take()
      if (entries.length === 0) {
        return
      }
      const outcome = await sendEntries(this.#account, entries)
      await this.#account.kept.removeEntries(new Set(entries.map(({ id }) => id)))
      this.#settle(entries, outcome)
    }
  }

  /** What this device keeps, of all tabs, then what it could not keep. */
  async #take(): Promise<Entry[]> {
    const waiting = this.#pending.filter(({ round }) => round === null)
    const isKept = await Promise.all(waiting.map(({ kept }) => kept))
    const kept = (await this.#account.kept.takeEntries()).filter(({ id }) => !this.#settled.has(id))
    const ids = new Set(kept.map(({ id }) => id))
    // Another tab has sent these, and what it said of them did not reach this one.
    const gone = waiting.filter(({ entry }, at) => isKept[at] && !ids.has(entry.id)).map(({ entry }) => entry.id)
    if (gone.length > 0) {
      this.#mark(gone, new Set())
      void this.#account.hint()
    }
    const unkept = waiting.filter(({ entry }, at) => !isKept[at] && !this.#settled.has(entry.id))
    return [...kept, ...unkept.map(({ entry }) => this.#fromMemory(entry))]
  }

  #fromMemory(entry: Entry): Entry {
    const attempted = this.#handedOver.has(entry.id)
    this.#handedOver.add(entry.id)
    return { ...entry, attempted }
  }

  #settle(entries: readonly Entry[], outcome: Outcome): void {
    const left = [...outcome.refused.keys(), ...outcome.conflicts]
    const ids = entries.map(({ id }) => id)
    this.#mark(ids, new Set(left))
    this.#tabs.say({ settled: ids, left })
    if (left.length > 0) {
      this.onleft(entries, outcome)
    }
    void this.#account.hint()
  }

  #mark(ids: readonly string[], left: ReadonlySet<Id>): void {
    ids.forEach((id) => this.#remember(id))
    for (const pending of this.#pending.filter(({ entry }) => ids.includes(entry.id))) {
      pending.patches = withoutEmails(pending.patches, left)
      pending.round = this.#account.rounds + 1
      pending.left = left
      this.#handedOver.delete(pending.entry.id)
      pending.settle(left)
    }
    this.#changed()
  }

  #remember(id: string): void {
    this.#settled.add(id)
    if (this.#settled.size > MOST_SETTLED) {
      const [oldest] = this.#settled
      this.#settled.delete(oldest ?? '')
    }
  }

  #roundDone(round: number): void {
    const done = this.#pending.filter((pending) => pending.round !== null && pending.round <= round)
    if (done.length > 0) {
      this.#drop(done)
      this.#account.list?.settle(this.#account.objects)
    }
    // A mailbox that stood for its role may be there by now.
    this.#lay()
  }

  #drop(dropped: readonly Pending[]): void {
    this.#pending = this.#pending.filter((pending) => !dropped.includes(pending))
    this.#lay()
  }

  #hear(message: unknown): void {
    if (typeof message !== 'object' || message === null) {
      return
    }
    const { added, withdrawn, settled, left, again } = message as TabMessage
    if (added && !this.#settled.has(added.id) && !this.#pending.some(({ entry }) => entry.id === added.id)) {
      this.#put(added, Promise.resolve(true))
      this.#changed()
      this.#account.ports.after(OTHERS, () => this.waiting > 0 && this.#tabs.wantToSend())
    }
    if (withdrawn !== undefined) {
      this.#forget([withdrawn])
    }
    if (settled) {
      this.#mark(settled, new Set(left))
      if (this.#account.ports.isVisible()) {
        void this.#account.hint()
      }
    }
    if (again) {
      void this.task.tryNow()
    }
  }

  #sent(): void {
    if (this.task.trouble === null && this.waiting === 0) {
      this.#tabs.done()
    }
    this.#account.tell('account', 'connection')
  }

  #changed(): void {
    this.#lay()
    this.#account.tell('account', 'list', 'reader', 'connection')
  }

  #lay(): void {
    const { objects } = this.#account
    objects.setPending(
      resolved(
        this.#pending.flatMap(({ patches }) => patches),
        objects.mailboxes
      )
    )
  }
}

/** What tabs tell each other. */
interface TabMessage {
  readonly added?: Entry
  readonly withdrawn?: string
  readonly settled?: readonly string[]
  readonly left?: readonly Id[]
  readonly again?: true
}
