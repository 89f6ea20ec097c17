/** What a person does to mailboxes. It comes with what reads. */
import { nameFault } from '#lib/mail/names.ts'
import { MailboxChanges } from '#lib/sync/mailbox-edits.ts'
import type { Work } from '#lib/sync/mailbox-work.ts'
import type { SyncLoop } from '#lib/sync/sync-loop.ts'
import type { MailboxEdits, MailboxItem, MailboxWork, WrongName } from './mail.ts'
import { foldersIn } from './sidebar.ts'
import { troubled } from './trouble-of.ts'
import { Signal } from './signal.svelte.ts'

/** Messages up to which it can be undone. */
const MOST_UNDONE = 5_000

type Begin = (changed: () => void) => Work

const nothing = (): null => null

export class MailboxEditsState implements MailboxEdits {
  readonly #changes: MailboxChanges
  readonly #items: () => readonly MailboxItem[]
  readonly #begun: (work: MailboxWork) => void

  /** `begun` is told of each change of many messages. */
  constructor(loop: SyncLoop, items: () => readonly MailboxItem[], begun: (work: MailboxWork) => void) {
    this.#changes = new MailboxChanges(loop)
    this.#items = items
    this.#begun = begun
  }

  wrongName(name: string, parentId: string | null, self?: string): WrongName | null {
    const siblings = this.#items().filter((item) => item.parentId === parentId && item.id !== self)
    return nameFault(
      name,
      siblings.map((item) => item.name),
      this.#changes.longestName
    )
  }

  parentsFor(mailboxId: string | null): readonly (string | null)[] {
    const own = mailboxId === null ? [] : this.#within(mailboxId)
    const parents = this.#items().filter((item) => item.may.createChild && !own.includes(item.id))
    return [...(this.#changes.mayCreateAtTop ? [null] : []), ...parents.map((item) => item.id)]
  }

  create(name: string, parentId: string | null): Promise<string> {
    return troubled(this.#changes.create(name.trim(), parentId))
  }

  rename(mailboxId: string, name: string): Promise<void> {
    return troubled(this.#changes.update(mailboxId, { name: name.trim() }))
  }

  move(mailboxId: string, parentId: string | null): Promise<void> {
    return troubled(this.#changes.update(mailboxId, { parentId }))
  }

  remove(mailboxId: string, to: string): MailboxWork {
    const ids = this.#within(mailboxId).toReversed()
    return this.#work('remove', mailboxId, (changed) => this.#changes.remove(ids, to, changed))
  }

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

  #work(kind: MailboxWork['kind'], mailboxId: string, begin: Begin, undo: WorkState['undoOf'] = nothing): MailboxWork {
    const name = this.#items().find(({ id }) => id === mailboxId)?.name ?? ''
    const work = new WorkState(kind, name, begin, undo)
    this.#begun(work)
    return work
  }
}

class WorkState implements MailboxWork {
  readonly kind: MailboxWork['kind']
  readonly mailbox: string
  readonly undoOf: () => (() => void) | null
  readonly #work: Work
  readonly #signal = new Signal()

  constructor(kind: MailboxWork['kind'], mailbox: string, begin: Begin, undoOf: WorkState['undoOf']) {
    this.kind = kind
    this.mailbox = mailbox
    this.undoOf = undoOf
    this.#work = begin(() => this.#signal.notify())
  }

  get total(): number {
    return this.#now().status.total
  }

  get done(): number {
    return this.#now().status.done
  }

  get state(): MailboxWork['state'] {
    return this.#now().status.state
  }

  get trouble(): MailboxWork['trouble'] {
    return this.#now().status.trouble
  }

  get ended(): Promise<void> {
    return this.#work.ended
  }

  get undo(): (() => void) | null {
    return this.state === 'running' ? null : this.undoOf()
  }

  stop(): void {
    this.#work.stop()
  }

  #now(): Work {
    this.#signal.track()
    return this.#work
  }
}
