/** Keywords that the person changed: shown at once, sent together, taken back if the server refuses. */
import { JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { Id, SetResponse } from '#lib/jmap/types.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import { isUnread } from '#lib/store/counts.ts'
import type { Patch } from '#lib/store/objects.ts'
import type { Account } from './account.ts'
import * as calls from './calls.ts'
import { Task, troubleOf } from './task.ts'

/** Milliseconds in which patches are gathered into one Email/set. */
const GATHER = 50

export class Marks {
  readonly task: Task
  readonly #account: Account
  readonly #waiting: Patch[] = []
  /** what the server did not take, and why the first of it; another object each time */
  refused: { readonly patches: readonly Patch[]; readonly trouble: Trouble } | null = null
  #gathering = false

  constructor(account: Account) {
    this.#account = account
    this.task = new Task(
      account.ports,
      () => this.#send(),
      () => account.tell('account', 'list', 'reader')
    )
  }

  read(ids: readonly Id[]): void {
    const { objects } = this.#account
    this.#patch(
      ids.filter((id) => isUnread(objects.email(id))),
      { $seen: true }
    )
  }

  answered(id: Id): void {
    this.#patch([id], { $answered: true })
  }

  /** What was refused last, once more. */
  again(): void {
    this.refused?.patches.forEach(({ emailIds, keywords }) => this.#patch(emailIds, keywords))
  }

  #patch(emailIds: readonly Id[], keywords: Patch['keywords']): void {
    // Before it is known for sure who is signed in, nothing is changed; the reader tells again what is read then.
    if (emailIds.length === 0 || !this.#account.isKnown) {
      return
    }
    const patch = { emailIds, keywords }
    this.#account.objects.addPatch(patch)
    this.#waiting.push(patch)
    this.#account.tell('account', 'list', 'reader')
    if (!this.#gathering) {
      this.#gathering = true
      this.#account.ports.after(GATHER, () => {
        this.#gathering = false
        void this.task.run()
      })
    }
  }

  /** A patch may be sent twice, since it only says what shall be (RFC 8621 §4.1.1). */
  async #send(): Promise<void> {
    await this.#account.connected()
    const refused: { patch: Patch; failure: unknown }[] = []
    for (const patch of [...this.#waiting]) {
      try {
        await this.#sendPatch(patch)
      } catch (failure) {
        if (failure instanceof JmapFailure && failure.transient) {
          throw failure
        }
        // Those behind it are sent all the same: nobody would send them later.
        refused.push({ patch, failure })
      }
      this.#account.objects.removePatch(patch)
      this.#waiting.splice(this.#waiting.indexOf(patch), 1)
    }
    const [first] = refused
    if (first) {
      this.refused = { patches: refused.map(({ patch }) => patch), trouble: troubleOf(first.failure) }
      throw first.failure
    }
  }

  async #sendPatch(patch: Patch): Promise<void> {
    const most = this.#account.client.limits.maxObjectsInSet
    for (let at = 0; at < patch.emailIds.length; at += most) {
      await this.#sendPart(patch, patch.emailIds.slice(at, at + most))
    }
  }

  async #sendPart(patch: Patch, ids: readonly Id[]): Promise<void> {
    const set = this.#account.client.run(calls.keywords(ids, patch.keywords))
    // In the same request: the counts of the mailboxes, and the state after the change.
    const round = this.#account.hint()
    const { updated, notUpdated } = (await set).get<SetResponse>('set')
    this.#account.objects.confirmPatch(patch, Object.keys(updated ?? {}))
    await round
    // An email that is gone needs no mark.
    const [refused] = Object.values(notUpdated ?? {}).filter(({ type }) => type !== 'notFound')
    if (refused) {
      throw refusal(refused)
    }
  }
}
