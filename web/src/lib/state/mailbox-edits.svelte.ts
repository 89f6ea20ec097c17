/** What a person does to mailboxes. It comes with what reads. */
import { nameFault, type NameFault } from '#lib/mail/names.ts'
import { MailboxChanges } from '#lib/sync/mailbox-edits.ts'
import type { Work } from '#lib/sync/mailbox-work.ts'
import type { SyncLoop } from '#lib/sync/sync-loop.ts'
import type { MailboxItem } from './mail.ts'
import { foldersIn } from './mailbox-items.ts'
import { troubled } from './trouble-of.ts'
import { Signal } from './signal.svelte.ts'

/** Messages up to which it can be undone. */
const MOST_UNDONE = 5_000

type Begin = (changed: () => void) => Work
type UndoOf = () => (() => void) | null

const nothing = (): null => null

/** Changes of mailboxes. They need a connection: what they reject with is a `Trouble`. */
export class MailboxEdits {
  readonly #changes: MailboxChanges
  readonly #items: () => readonly MailboxItem[]
  readonly #begun: (work: MailboxWork) => void

  /** `begun` is told of each change of many messages. */
  constructor(loop: SyncLoop, items: () => readonly MailboxItem[], begun: (work: MailboxWork) => void) {
    this.#changes = new MailboxChanges(loop)
    this.#items = items
    this.#begun = begun
  }

  /** What is wrong with a name beside its siblings; null for nothing. The mail server may still know better. */
  wrongName(name: string, parentId: string | null, self?: string): NameFault | null {
    const siblings = this.#items().filter((item) => item.parentId === parentId && item.id !== self)
    return nameFault(
      name,
      siblings.map((item) => item.name),
      this.#changes.longestName
    )
  }

  /** mailboxes into which one may be moved, or in which one may be made; null stands for the top */
  parentsFor(mailboxId: string | null): readonly (string | null)[] {
    const own = mailboxId === null ? [] : this.#within(mailboxId)
    const parents = this.#items().filter((item) => item.may.createChild && !own.includes(item.id))
    return [...(this.#changes.mayCreateAtTop ? [null] : []), ...parents.map((item) => item.id)]
  }

  /** Resolves to the id. */
  create(name: string, parentId: string | null): Promise<string> {
    return troubled(this.#changes.create(name.trim(), parentId))
  }

  rename(mailboxId: string, name: string): Promise<void> {
    return troubled(this.#changes.update(mailboxId, { name: name.trim() }))
  }

  move(mailboxId: string, parentId: string | null): Promise<void> {
    return troubled(this.#changes.update(mailboxId, { parentId }))
  }

  /** Those inside are removed, too. Their messages go to `to` first; what lies in another mailbox, too, stays there. */
  remove(mailboxId: string, to: string): MailboxWork {
    const ids = this.#within(mailboxId).toReversed()
    return this.#work('remove', mailboxId, (changed) => this.#changes.remove(ids, to, changed))
  }

  /** Destroys what lies only here: it cannot be undone. What lies in another mailbox, too, stays there. */
  empty(mailboxId: string): MailboxWork {
    return this.#work('empty', mailboxId, (changed) => this.#changes.empty(mailboxId, changed))
  }

  markAllRead(mailboxId: string): MailboxWork {
    const ids: string[] = []
    const undo = (): void => {
      this.#work('unread', mailboxId, (changed) => this.#changes.markUnread(ids, mailboxId, changed))
    }
    return this.#work(
      'read',
      mailboxId,
      (changed) => this.#changes.markAllRead(mailboxId, changed, (marked) => ids.push(...marked)),
      () => (ids.length > 0 && ids.length <= MOST_UNDONE ? undo : null)
    )
  }

  /** It and those inside, parents first. */
  #within(mailboxId: string): string[] {
    return [mailboxId, ...foldersIn(mailboxId, this.#items()).map(({ id }) => id)]
  }

  #work(kind: MailboxWork['kind'], mailboxId: string, begin: Begin, undo: UndoOf = nothing): MailboxWork {
    const name = this.#items().find(({ id }) => id === mailboxId)?.name ?? ''
    const work = new MailboxWork(kind, name, begin, undo)
    this.#begun(work)
    return work
  }
}

/** A change of many messages, in parts. */
export class MailboxWork {
  readonly kind: 'remove' | 'empty' | 'read' | 'unread'
  /** as it was called at the start */
  readonly mailbox: string
  readonly #undoOf: UndoOf
  readonly #work: Work
  readonly #signal = new Signal()

  constructor(kind: MailboxWork['kind'], mailbox: string, begin: Begin, undoOf: UndoOf) {
    this.kind = kind
    this.mailbox = mailbox
    this.#undoOf = undoOf
    this.#work = begin(() => this.#signal.notify())
  }

  /** messages */
  get total(): number {
    return this.#now().status.total
  }

  get done(): number {
    return this.#now().status.done
  }

  /** `stopped`: by the person */
  get state(): Work['status']['state'] {
    return this.#now().status.state
  }

  get trouble(): Work['status']['trouble'] {
    return this.#now().status.trouble
  }

  /** once it no longer runs */
  get ended(): Promise<void> {
    return this.#work.ended
  }

  /** Takes back what was done; null if nothing can. */
  get undo(): (() => void) | null {
    return this.state === 'running' ? null : this.#undoOf()
  }

  stop(): void {
    this.#work.stop()
  }

  #now(): Work {
    this.#signal.track()
    return this.#work
  }
}
