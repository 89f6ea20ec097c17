import { noResponse } from '#lib/jmap/errors.ts'
import { isHeldBack, patchesOf, type Place } from '#lib/actions/domain/action.ts'
import { inverseOf, ofEmails, type Entry } from '#lib/actions/domain/entry.ts'
import type { Session } from '#lib/sync/session.ts'
import type { SyncLoop } from '#lib/sync/sync-loop.ts'
import type { BulkRun } from '#lib/actions/sync/bulk.ts'
import { heldEmails } from '#lib/sync/held-emails.ts'
import { Outbox, type Pending } from '#lib/actions/sync/outbox.ts'
import { troubleOf } from '#lib/sync/task.ts'
import type { Action, Actions, Bulk, AppliedAction, Refused } from '#lib/state/mail.ts'
import type { Email } from '#lib/jmap/types.ts'
import type { Patch } from '#lib/store/objects.ts'
import { Signal } from '#lib/state/signal.svelte.ts'

/** Mailboxes that are made on first use. */
const MADE = ['archive', 'junk', 'trash']

export class ActionsState implements Actions {
  readonly outbox: Outbox
  readonly #session: Session
  readonly #signal = new Signal()
  #refused = $state.raw<Refused | null>(null)
  #left: readonly Patch[] = []
  #bulk = $state.raw<Bulk | null>(null)

  constructor(loop: SyncLoop) {
    this.#session = loop.session
    this.outbox = new Outbox(loop)
    this.#session.on('account', () => this.#signal.notify())
    this.outbox.onnotupdated = (entries, { refused, conflicts }) => {
      const [failure] = refused.values()
      const left = new Set([...refused.keys(), ...conflicts])
      const again = failure ? new Set(refused.keys()) : new Set<string>()
      this.#left = entries.flatMap(({ patches }) => ofEmails(patches, again))
      this.#refused = {
        trouble: failure ? troubleOf(failure) : { code: 'conflict', retryAt: null, reference: null },
        kind: failure ? 'refused' : 'conflict',
        conversations: this.#threads([...left])
      }
    }
  }

  run(action: Action, threadIds: readonly string[]): AppliedAction | null {
    const place = this.place(true)
    return this.#do(this.#emails(threadIds).map((emails) => patchesOf(action, emails, place)))
  }

  isHeld(action: Action, threadIds: readonly string[]): boolean {
    const place = this.place(true)
    return this.#emails(threadIds).some((emails) => isHeldBack(action, emails, place))
  }

  runOnMessages(action: Action, messageIds: readonly string[]): AppliedAction | null {
    const emails = messageIds.flatMap((id) => this.#session.objects.email(id) ?? [])
    return this.#do([patchesOf(action, emails, this.place(false))])
  }

  runOnAll(action: Action): Bulk {
    if (this.#bulk?.state === 'running') {
      return this.#bulk
    }
    const query = this.#session.list?.query
    const place = this.place(false)
    return this.#begin(action, (run) => (query ? run.run(action, query, place, this.#names()) : Promise.resolve()))
  }

  get bulk(): Bulk | null {
    return this.#bulk
  }

  get refused(): Refused | null {
    return this.#refused
  }

  again(): void {
    const patches = this.#left
    this.#left = []
    if (patches.length > 0) {
      this.outbox.add(patches, this.#names())
    }
  }

  get waiting(): number {
    this.#signal.track()
    return this.outbox.waiting
  }

  /** Mark as read what the person opened: nothing to undo. */
  read(ids: readonly string[]): void {
    // Before it is known for sure who is signed in, nothing is marked; the reader tells again what is read then.
    const emails = this.#session.isKnown ? ids.flatMap((id) => this.#session.objects.email(id) ?? []) : []
    this.#add(patchesOf({ kind: 'read', on: true }, emails, this.place(false)))
  }

  stop(): void {
    this.outbox.stop()
  }

  /** of each conversation */
  #emails(threadIds: readonly string[]): readonly (readonly Email[])[] {
    const { objects } = this.#session
    return threadIds.map((id) => objects.thread(id).flatMap((emailId) => objects.email(emailId) ?? []))
  }

  #do(changes: readonly (readonly Patch[])[]): AppliedAction | null {
    const patches = changes.flat()
    if (patches.length === 0) {
      return null
    }
    const inverse = patches.flatMap((patch) => inverseOf(patch, (id) => this.#session.objects.email(id)))
    let pending = this.#add(patches)
    return {
      conversations: changes.filter((one) => one.length > 0).length,
      undo: () => {
        if (pending) {
          this.outbox.undo(pending, inverse)
        }
        // Once: what is done to these emails later is not meant.
        pending = null
      }
    }
  }

  #add(patches: readonly Patch[]): Pending | null {
    return patches.length === 0 ? null : this.outbox.add(patches, this.#names())
  }

  /** The list that is shown. */
  place(conversations: boolean): Place {
    return {
      mailboxId: this.#session.list?.query.mailboxId ?? null,
      roles: this.#session.objects.roles,
      conversations,
      held: heldEmails(this.#session)
    }
  }

  #names(): Entry['names'] {
    return Object.fromEntries(MADE.map((role) => [role, this.#session.ports.language.roleName(role)]))
  }

  #threads(emailIds: readonly string[]): number {
    const { objects } = this.#session
    return new Set(emailIds.map((id) => objects.baseOf(id)?.threadId ?? id)).size
  }

  /** The code for it is not in the first view. */
  #begin(action: Action, work: (run: BulkRun) => Promise<void>, undoes = false): Bulk {
    let isStopped = false
    const stop = (): void => {
      isStopped = true
      this.#bulk = { ...begun, state: 'stopped' }
    }
    const nothing = { total: null, done: 0, left: 0, held: 0, trouble: null, undo: null }
    const begun: Bulk = { action, undoes, state: 'running', stop, ...nothing }
    this.#bulk = begun
    import('#lib/actions/sync/bulk.ts').then(
      ({ BulkRun: Run }) => {
        if (!isStopped) {
          const run = new Run(this.#session, this.outbox, () => this.#bulkChanged(action, run, undoes))
          this.#bulkChanged(action, run, undoes)
          void work(run)
        }
      },
      () => {
        this.#bulk = { ...begun, state: 'failed', trouble: troubleOf(noResponse()) }
      }
    )
    return begun
  }

  #bulkChanged(action: Action, run: BulkRun, undoes: boolean): void {
    this.#bulk = {
      action,
      undoes,
      total: run.total,
      done: run.done,
      left: run.left,
      held: run.held,
      state: run.state,
      trouble: run.failure === null ? null : troubleOf(run.failure),
      stop: () => run.stop(),
      undo: run.canUndo ? () => this.#begin(action, (back) => back.undo(run, this.#names()), true) : null
    }
  }
}
