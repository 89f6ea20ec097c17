/** What this device keeps of the account: read before the network answers, written behind the screen. */
import {
  Cache,
  type Changes,
  type KeptBody,
  type KeptThreads,
  type KeptStates,
  type NotificationLevel
} from '#lib/cache/cache.ts'
import type { KeptDrafts } from '#lib/writing/device/drafts.ts'
import type { KeptSearches } from '#lib/search/device/searches.ts'
import type { Email, Id, Mailbox, Thread } from '#lib/jmap/types.ts'
import type { Entry } from '#lib/actions/domain/entry.ts'
import type { Objects } from '#lib/store/objects.ts'
import type { Facts } from './facts.ts'
import { answered, KeptEntries } from './kept-entries.ts'
import type { ListView } from './list-view.ts'
import type { Ports } from './ports.ts'

/** Rows of a list that are kept: more than a screen shows, and quickly read. */
const MOST_ROWS = 50
/** Milliseconds in which writes are gathered. */
const GATHER = 300

export interface Start {
  states: KeptStates | null
  mailboxes: Mailbox[]
  threads: KeptThreads | null
  /** actions that the server has not confirmed */
  entries: Entry[]
}

/** What of a round is kept on this device. */
interface RoundResult {
  list: ListView | null
  /** all emails that changed, whether or not a list shows them: nobody will tell of these changes again */
  changed: readonly Id[]
  /** nothing that was known before counts */
  anew: boolean
  /** `met` when it began, if it asked for the states; else null */
  met: number | null
}

/** What will be written. */
interface Due {
  states: KeptStates
  list: ListView | null
  changed: Set<Id>
  anew: boolean
}

/** The key of the list that will be shown, once the mailboxes are known. */
type KeyIn = (mailboxes: readonly Mailbox[]) => string | null

export type Whose = Omit<KeptStates, 'email' | 'mailbox'>

const NOTHING: Start = { states: null, mailboxes: [], threads: null, entries: [] }

export class DeviceCache {
  /** drafts that this device kept when it was read */
  draftsAtStart = 0
  readonly entries: KeptEntries
  readonly #ports: Ports
  readonly #objects: Objects
  #cache: Cache | null = null
  #due: Due | null = null
  /** Objects that the device has as they are: they are replaced, never changed. */
  #written = new WeakSet<object>()
  /** A write failed, or cost what was written before: only what is written anew is true. */
  #lost = false
  #mailboxes: ReadonlyMap<Id, Mailbox> | null = null
  /** of the rows that are kept, when this tab read or wrote them last, and of those in memory */
  #seen: KeptStates | null = null
  #noted: KeptStates | null = null
  /** how often states were found that another tab wrote; a round that began later brings newer ones */
  met = 0
  #asked = 0
  #writing: Promise<void> = Promise.resolve()
  #callOff: (() => void) | null = null
  #stopped = false
  readonly #ends: (() => void)[]

  constructor(ports: Ports, objects: Objects) {
    this.#ports = ports
    this.#objects = objects
    this.entries = new KeptEntries(ports, () => this.#cache)
    this.#ends = [
      // Before the last words of drafts are written: those must wait for nothing.
      ports.onLeave(() => this.#cache?.transactions.leave()),
      // Before anything else that a page does which is back: it may read and write again.
      ports.onReturn(() => this.#cache?.transactions.return())
    ]
  }

  /** Read what was used last, for the list that will be shown. Nothing of it may be shown before it is known whose it
   * is: by the person that it names, or by `claim`. */
  async read(keyIn: KeyIn): Promise<Start> {
    // A further attempt, while nobody answers, must not close what a draft is written to.
    this.#cache ??= await this.#opened(Cache.last())
    return this.#start(keyIn)
  }

  async #start(keyIn: KeyIn): Promise<Start> {
    const start = await this.#inTime(this.#read(keyIn))
    if (!start) {
      this.#cache?.close()
      this.#cache = null
    }
    return start ?? NOTHING
  }

  async #read(keyIn: KeyIn): Promise<Start | null> {
    if (!this.#cache) {
      return null
    }
    const { drafts, ...start } = await this.#cache.start()
    this.#seen = this.#noted = start.states
    this.draftsAtStart = drafts
    const key = keyIn(start.mailboxes)
    const threads = key === null ? null : await this.#cache.threads(key)
    this.#know(threads)
    return { ...start, threads }
  }

  /** Now it is known who is signed in: what was read, if it is this person's; else it is deleted. */
  async claim(owner: string, keyIn: KeyIn, read: Start): Promise<Start> {
    if (this.#cache?.isOf(owner)) {
      // There are some only if an earlier start could not carry them over. What is carried over now the next one shows.
      void this.#cache.deleteOthers().catch(() => undefined)
      return read
    }
    this.#cache?.close()
    this.draftsAtStart = 0
    this.#cache = await this.#opened(Cache.open(owner))
    // Before it is read: the drafts of an older version are among them.
    await (this.#cache && this.#inTime(this.#cache.deleteOthers()))
    return this.#start(keyIn)
  }

  /** Tabs of the same person share what it names; empty where the browser keeps nothing. */
  get name(): string {
    return this.#cache?.name ?? ''
  }

  /** null if it takes too long: mail is shown without it. */
  async #opened(opening: Promise<Cache | null>): Promise<Cache | null> {
    const cache = await this.#inTime(opening)
    if (!cache) void opening.then((late) => late?.close())
    return cache
  }

  async #inTime<T>(work: Promise<T>): Promise<T | null> {
    const found = await answered(this.#ports, work).catch(() => null)
    return this.#stopped ? null : found
  }

  /** What is kept of another list. Nobody would tell this tab what changed since another one wrote its rows. */
  async threads(key: string): Promise<KeptThreads | null> {
    await this.#flush()
    const threads = (await this.#cache?.threads(key).catch(() => null)) ?? null
    const isOurs = isSame(threads?.states, this.#noted)
    this.#know(isOurs ? threads : null)
    return isOurs ? threads : null
  }

  /** What there is to look through; null where the browser keeps nothing. */
  async searches(): Promise<KeptSearches | null> {
    await this.#flush()
    return (await this.#cache?.searches((states) => isSame(states, this.#noted))) ?? null
  }

  /** null where the browser keeps nothing */
  async drafts(): Promise<KeptDrafts | null> {
    return (await this.#cache?.drafts()) ?? null
  }

  /** A round brought the account, which is that of `whose`, to these states. */
  note(whose: Whose, facts: Facts, { list, changed, anew, met }: RoundResult): void {
    if (facts.emailState === null || facts.mailboxState === null) {
      return
    }
    const states = { ...whose, email: facts.emailState, mailbox: facts.mailboxState }
    const due = this.#due ?? { states, list, changed: new Set(), anew: false }
    changed.forEach((id) => due.changed.add(id))
    this.#noted = states
    this.#asked = met ?? this.#asked
    this.#due = { states, list, changed: due.changed, anew: due.anew || anew || this.#lost }
    if (anew || this.#lost) {
      this.#lost = false
      this.#forgetWritten()
    }
    this.#callOff ??= this.#ports.after(GATHER, () => void this.#flush())
  }

  #forgetWritten(): void {
    this.#written = new WeakSet()
    this.#mailboxes = null
  }

  #flush(): Promise<void> {
    this.#callOff?.()
    this.#callOff = null
    const cache = this.#cache
    if (cache) {
      this.#writing = this.#writing.then(() => this.#write(cache))
    }
    return this.#writing
  }

  async #write(cache: Cache): Promise<void> {
    const due = this.#due
    this.#due = null
    // A failure costs what is kept, not its truth: the next write must be of everything.
    if (!due || (this.#lost && !due.anew)) {
      return
    }
    const made = { changes: null as Changes | null }
    const spared = await cache
      .write((found) => (made.changes ??= this.#mayWrite(due, found) ? this.#changes(due) : null))
      .catch(() => false)
    this.#lost = !spared
    if (!made.changes && spared) {
      this.#wait(due)
    } else if (spared) {
      this.#seen = due.states
    }
    if (await cache.evictRows().catch(() => false)) {
      this.#written = new WeakSet()
    }
  }

  /** Whether what is in memory is at least as new as what is kept, of these states: this tab wrote them, or asked for its
   * own after it met them, or they are the same. All that changed since is in `due` then. */
  #mayWrite(due: Due, found: KeptStates | null): boolean {
    if (isSame(found, this.#seen)) {
      return this.#asked === this.met
    }
    // Nobody knows what of ours is left.
    this.#forgetWritten()
    this.#seen = found
    this.met += 1
    return isSame(found, due.states)
  }

  /** The next round writes it. */
  #wait(due: Due): void {
    const { states, list, anew } = this.#due ?? due
    const changed = new Set([...due.changed, ...(this.#due?.changed ?? [])])
    this.#due = { states, list, changed, anew: anew || due.anew }
  }

  #changes(due: Due): Changes {
    const { list } = due
    const top = list?.list.windows[0]
    const ids = top?.from === 0 ? top.ids.slice(0, MOST_ROWS) : []
    const known = [...ids, ...due.changed].flatMap((id) => this.#objects.baseOf(id) ?? [])
    const threads = [...new Set(known.map(({ threadId }) => threadId))].map((id): Thread => this.#objects.threadOf(id))
    const emails = threads.flatMap(({ emailIds }) => emailIds).flatMap((id) => this.#objects.baseOf(id) ?? [])
    const mailboxes = this.#objects.mailboxes === this.#mailboxes ? null : this.#objects.mailboxes
    this.#mailboxes = this.#objects.mailboxes
    return {
      states: due.states,
      mailboxes: mailboxes && [...mailboxes.values()],
      list: list && {
        key: list.key,
        ids,
        total: list.list.total,
        asOf: list.asOf ?? new Date(this.#ports.now())
      },
      threads: threads.filter((thread) => this.#isNew(thread.emailIds)),
      emails: emails.filter((email: Email) => this.#isNew(email)),
      removed: [...due.changed].filter((id) => !this.#objects.baseOf(id)),
      anew: due.anew
    }
  }

  #isNew(object: object): boolean {
    return !this.#written.has(object) && Boolean(this.#written.add(object))
  }

  #know(threads: KeptThreads | null): void {
    threads?.emails.forEach((email) => this.#written.add(email))
    threads?.threads.forEach(({ emailIds }) => this.#written.add(emailIds))
  }

  async bodies(ids: readonly Id[]): Promise<KeptBody[]> {
    return (this.#cache && (await this.#inTime(this.#cache.bodies(ids, this.#ports.now())))) ?? []
  }

  /** Those of these messages whose body could be kept and is not. */
  lacking(ids: readonly Id[]): Promise<Id[]> {
    return this.#cache?.lacking(ids).catch(() => []) ?? Promise.resolve([])
  }

  keepBodies(bodies: readonly KeptBody[]): void {
    // A body that is not kept is asked for again.
    bodies.forEach((body) => void this.#cache?.keepBody(body).catch(() => undefined))
    void this.#cache?.evictBodies().catch(() => undefined)
  }

  /** null where the browser keeps nothing */
  async notificationLevel(): Promise<NotificationLevel | null> {
    return (await this.#cache?.notificationLevel().catch(() => null)) ?? null
  }

  async keepNotificationLevel(level: NotificationLevel): Promise<void> {
    await this.#cache?.keepNotificationLevel(level).catch(() => undefined)
  }

  /** The page is left: what is kept cannot be read any more. */
  get isStopped(): boolean {
    return this.#stopped
  }

  stop(): void {
    this.#stopped = true
    void this.#flush().then(() => this.#cache?.close())
    this.#ends.forEach((end) => end())
  }

  async clear(): Promise<void> {
    this.#callOff?.()
    await this.#writing
    await this.#cache?.clear()
  }
}

function isSame(one: KeptStates | null | undefined, other: KeptStates | null): boolean {
  return one?.email === other?.email && one?.mailbox === other?.mailbox
}
