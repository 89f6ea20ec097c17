/**
 * What the person did, shown at once and sent until the mail server has it: in one order, by one tab of this browser at
 * a time, also after a reload.
 *
 * An entry is laid over the facts until a round that was begun after it was confirmed has brought them: whatever was
 * asked for before that may be older than the change.
 */
import { noResponse } from '#lib/jmap/errors.ts'
import type { Id } from '#lib/jmap/types.ts'
import { withoutEmails, type Entry } from '#lib/actions/domain/entry.ts'
import type { Patch } from '#lib/store/objects.ts'
import type { Session } from '#lib/sync/session.ts'
import type { SyncLoop } from '#lib/sync/sync-loop.ts'
import type * as code from './email-set.ts'
import { OutboxTabs } from './outbox-tabs.ts'
import { PendingEntries, type Pending } from './pending.ts'
import { Task } from '#lib/sync/task.ts'
import { UnkeptEntries } from './unkept-entries.ts'

export type { Pending } from './pending.ts'

/** Milliseconds in which actions are gathered into one Email/set. */
const GATHER = 50

/** What tabs tell each other. */
interface TabMessage {
  /** It may be kept in a moment; `added` says that it is. */
  readonly adding?: Entry
  readonly added?: Entry
  readonly withdrawn?: string
  readonly settled?: readonly string[]
  readonly notUpdated?: readonly Id[]
  readonly again?: true
}

export class Outbox {
  readonly task: Task
  /** told what was not done of the entries that this tab sent */
  onnotupdated: (entries: readonly Entry[], outcome: code.Outcome) => void = () => undefined
  readonly #loop: SyncLoop
  readonly #session: Session
  readonly #tabs: OutboxTabs
  readonly #pending: PendingEntries
  readonly #unkept: UnkeptEntries
  /** ids of entries that were sent to the mail server though this device could not keep them */
  readonly #sentUnkept = new Set<string>()
  readonly #endReturn: () => void
  #gathering = false

  constructor(loop: SyncLoop) {
    const { session } = loop
    this.#loop = loop
    this.#session = session
    this.#pending = new PendingEntries(session.objects)
    this.#unkept = new UnkeptEntries(session.ports, session.kept.entries)
    const send = (): Promise<void> => this.task.run()
    this.#tabs = new OutboxTabs(session.ports, send, (message) => this.#hear(message))
    this.task = new Task(
      session.ports,
      () => this.#send(),
      () => this.#sent()
    )
    session.on('round', (round) => this.#roundDone(round))
    session.on('try', () => this.tryNow())
    session.on('wrote', () => this.#tabs.say({ settled: [], notUpdated: [] }))
    session.on('kept', (entries) => this.#restore(entries))
    this.#endReturn = session.ports.onReturn(() => this.tryNow())
  }

  /** Entries that the server has not confirmed. */
  get waiting(): number {
    return this.#pending.waiting.length
  }

  add(patches: readonly Patch[], names: Entry['names'] = {}): Pending {
    return this.#add(this.#entryOf(patches, names, this.#session.ports.now()))
  }

  #add(entry: Entry): Pending {
    const pending = this.#pending.put(entry, this.#keep(entry))
    this.#changed()
    this.#sendSoon()
    return pending
  }

  /** As if it had never been, if nothing of it was sent; else `inverse` is done. */
  undo({ entry, round, kept, notUpdated }: Pending, inverse: readonly Patch[]): void {
    if (round !== null) {
      this.#add(this.#entryOf(withoutEmails(inverse, notUpdated), entry.names, entry.at))
      return
    }
    const back = this.#entryOf(inverse, entry.names, entry.at)
    // In this turn: the page may be gone in the next one.
    const withdrawn = this.#withdraw(entry, back)
    // Until it is known, both lie over each other, which looks as before.
    this.#pending.put(
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
      this.#tryHere()
    }
  }

  /** Each tab hears that the person wants it, and one may send. */
  #tryHere(): void {
    if (this.#tabs.maySend) {
      void this.task.tryNow()
    } else if (this.waiting > 0) {
      this.#tabs.wantToSend()
    }
  }

  stop(): void {
    this.#endReturn()
    this.task.stop()
    this.#tabs.stop()
  }

  #restore(entries: readonly Entry[]): void {
    this.#tabs.begin(this.#session.kept.name)
    for (const entry of entries.filter(({ id }) => !this.#pending.has(id) && !this.#pending.isSettled(id))) {
      this.#pending.put(entry, Promise.resolve(true))
    }
    this.#changed()
    if (this.waiting > 0) {
      this.#tabs.wantToSend()
    }
  }

  #entryOf(patches: readonly Patch[], names: Entry['names'], at: number): Entry {
    return { id: this.#session.ports.unique(), at, patches, names, attempted: false }
  }

  #sendSoon(): void {
    if (!this.#gathering) {
      this.#gathering = true
      this.#session.ports.after(GATHER, () => {
        this.#gathering = false
        this.#tabs.wantToSend()
      })
    }
  }

  /** Where the browser keeps nothing, it is sent from memory. */
  async #keep(entry: Entry): Promise<boolean> {
    // At once: this tab may be gone before it is kept.
    this.#tabs.say({ adding: entry })
    try {
      const isKept = await this.#session.kept.entries.add(entry)
      this.#tabs.say({ added: entry })
      return isKept
    } catch (failure) {
      this.#session.ports.report(failure)
      return false
    }
  }

  /** Resolves to true: neither of the two is to be sent from memory. */
  async #withdraw(entry: Entry, back: Entry): Promise<boolean> {
    this.#tabs.say({ adding: back })
    try {
      if (await this.#session.kept.entries.withdraw(entry.id, back)) {
        this.#undone(entry, back)
      } else {
        this.#tabs.say({ added: back })
      }
      return true
    } catch (failure) {
      this.#session.ports.report(failure)
      return false
    }
  }

  #withdrawUnkept(entry: Entry, back: Entry): boolean {
    if (!this.#sentUnkept.has(entry.id)) {
      this.#undone(entry, back)
      void this.#session.kept.entries.remove(new Set([back.id]))
    }
    return false
  }

  /** In all tabs. */
  #undone(...entries: readonly Entry[]): void {
    const ids = entries.map(({ id }) => id)
    this.#forget(ids)
    ids.forEach((withdrawn) => this.#tabs.say({ withdrawn }))
  }

  async #send(): Promise<void> {
    await this.#session.connected()
    while (this.#tabs.maySend) {
      const entries = await this.#take()
      if (entries.length === 0) {
        return
      }
      const outcome = await (await theCode()).sendEntries(this.#session, entries)
      await this.#remove(entries)
      this.#settle(entries, outcome)
    }
    this.#tabs.wantToSend()
  }

  /** What this device keeps, of all tabs, and what it could not keep. */
  async #take(): Promise<readonly Entry[]> {
    const { waiting } = this.#pending
    const isKept = await Promise.all(waiting.map(({ kept }) => kept))
    const taken = await this.#session.kept.entries.take()
    const isOpen = ({ id }: Entry): boolean => !this.#pending.isSettled(id)
    const known = waiting.map(({ entry }, at) => ({ entry, isKept: isKept[at] ?? false }))
    if (known.length === 0 && !taken?.length) return []
    const due = (await theCode()).dueOf(
      known.filter(({ entry }) => isOpen(entry)),
      taken && taken.filter(isOpen)
    )
    // They were sent from memory, or could not be removed.
    void this.#remove(taken?.filter((entry) => !isOpen(entry)) ?? [])
    if (due.gone.length > 0) {
      this.#mark(due.gone, new Set())
      void this.#loop.hint()
    }
    const fromMemory = new Set(due.unkept)
    return due.entries.map((entry) => (fromMemory.has(entry) ? this.#fromMemory(entry) : entry))
  }

  #fromMemory(entry: Entry): Entry {
    const attempted = entry.attempted || this.#sentUnkept.has(entry.id)
    this.#sentUnkept.add(entry.id)
    return { ...entry, attempted }
  }

  #remove(entries: readonly Entry[]): Promise<void> {
    const ids = new Set(entries.map(({ id }) => id))
    return ids.size === 0 ? Promise.resolve() : this.#session.kept.entries.remove(ids)
  }

  #settle(entries: readonly Entry[], outcome: code.Outcome): void {
    const notUpdated = new Set([...outcome.refused.keys(), ...outcome.conflicts])
    for (const [of, some] of Map.groupBy(entries, ({ id }) => outcome.byEntry?.get(id) ?? notUpdated)) {
      const ids = some.map(({ id }) => id)
      this.#mark(ids, of)
      this.#tabs.say({ settled: ids, notUpdated: [...of] })
    }
    if (notUpdated.size > 0) {
      this.onnotupdated(entries, outcome)
    }
    void this.#loop.hint()
  }

  #mark(ids: readonly string[], notUpdated: ReadonlySet<Id>): void {
    ids.forEach((id) => this.#sentUnkept.delete(id))
    this.#pending.mark(ids, notUpdated, this.#loop.rounds + 1)
    this.#changed()
  }

  #forget(ids: readonly string[]): void {
    this.#pending.forget(ids)
    this.#changed()
  }

  #roundDone(round: number): void {
    if (this.#pending.dropUntil(round)) {
      this.#session.list?.patchesConfirmed(this.#session.objects)
    }
  }

  #hear(message: unknown): void {
    if (typeof message !== 'object' || message === null) {
      return
    }
    const { adding, added, withdrawn, settled, notUpdated, again } = message as TabMessage
    this.#heardOf(adding ?? added)
    if (added) {
      this.#unkept.kept(added.id)
    }
    if (withdrawn !== undefined) {
      this.#forget([withdrawn])
    }
    if (settled) {
      this.#mark(settled, new Set(notUpdated))
      if (this.#session.ports.isVisible()) {
        void this.#loop.hint()
      }
    }
    if (again) {
      this.#tryHere()
    }
  }

  /** The tab of this entry may have sent it before it was kept. */
  #heardOf(told: Entry | undefined): void {
    if (told && !this.#pending.isSettled(told.id) && !this.#pending.has(told.id)) {
      const entry = { ...told, attempted: true }
      const isWaiting = (): boolean => !this.#pending.isSettled(told.id)
      const kept = this.#unkept.hear(entry, isWaiting, () => this.waiting > 0 && this.#tabs.wantToSend())
      this.#pending.put(entry, kept)
      this.#changed()
    }
  }

  #sent(): void {
    if (this.task.trouble === null && this.waiting === 0) {
      this.#tabs.done()
    }
    this.#session.changed('account', 'connection')
  }

  #changed(): void {
    this.#loop.aim()
    this.#session.changed('account', 'list', 'reader', 'connection')
  }
}

/** Not in the first view: nobody acts before the list is there. Without a network it cannot be had, nor sent. */
function theCode(): Promise<typeof code> {
  return import('./email-set.ts').catch(() => {
    throw noResponse()
  })
}
