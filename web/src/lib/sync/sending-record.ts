/** What this device keeps of a message on its way, in the hands of the tab that sends it. */
import type { KeptDraft, Sending, SendingStep } from '#lib/compose/draft.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Account } from './account.ts'
import { rebind } from './draft-files.ts'
import type { Drafts } from './drafts.ts'

/** Code of a message that this device could not keep: it is not handed over. */
export const NOT_KEPT = 'not_kept'

/** These are kept before a request that must not be made twice; the others say what is known. */
const BEFORE_REQUEST: ReadonlySet<SendingStep> = new Set(['storing', 'submitting'])

/** Another tab goes on with it, or it is nothing to be sent any more. */
export class Elsewhere extends Error {}

/** The person wants it back before that step. */
export class Undone extends Error {}

export type OnItsWay = KeptDraft & { readonly sending: Sending }

export type StepChanges = Partial<Omit<Sending, 'owner' | 'steppedAt' | 'goesOnAt'>>

export class SendingRecord {
  readonly id: string
  readonly account: Account
  readonly #drafts: Drafts

  constructor(account: Account, drafts: Drafts, id: string) {
    this.account = account
    this.#drafts = drafts
    this.id = id
  }

  now(): number {
    return this.account.ports.now()
  }

  /** undefined: another tab sends it, or nobody does */
  own(): OnItsWay | undefined {
    const kept = this.#drafts.get(this.id)
    return kept?.sending?.owner === this.#drafts.tab ? { ...kept, sending: kept.sending } : undefined
  }

  /** From now on no other tab takes a step. */
  async claim(): Promise<void> {
    const owner = this.#drafts.tab
    const goesOnAt = this.now()
    await this.#drafts.update(this.id, (kept) =>
      kept.sending && kept.sending.owner !== owner ? { ...kept, sending: { ...kept.sending, owner, goesOnAt } } : kept
    )
  }

  /** This tab goes on later: it is not frozen. */
  async pause(milliseconds: number): Promise<void> {
    const goesOnAt = this.now() + milliseconds
    await this.#drafts.update(this.id, (kept) =>
      kept.sending?.owner === this.#drafts.tab ? { ...kept, sending: { ...kept.sending, goesOnAt } } : kept
    )
  }

  /**
   * Keep the next step: before its request, in one transaction of all tabs, and only if this tab owns it still. A tab that
   * was frozen finds another owner then, and asks for nothing any more. `unlessUndone`: nor if the person wants it back.
   * Raises Elsewhere, Undone or JmapFailure.
   */
  async step(
    from: SendingStep,
    changes: StepChanges | null,
    more: Partial<KeptDraft> = {},
    unlessUndone = false
  ): Promise<void> {
    const owner = this.#drafts.tab
    const done = { isTaken: false, isOurs: false, isUndone: false, before: null as Sending | null }
    const isWritten = await this.#drafts.update(this.id, (kept) => {
      const { sending } = kept
      done.before = sending
      done.isOurs = sending?.owner === owner
      done.isUndone = unlessUndone && (sending?.undo ?? false)
      done.isTaken = done.isOurs && sending?.step === from && !done.isUndone
      return done.isTaken && sending
        ? {
            ...kept,
            ...more,
            sending: changes && { ...sending, ...changes, steppedAt: this.now(), goesOnAt: this.now() }
          }
        : kept
    })
    if (!done.isOurs) {
      throw new Elsewhere()
    }
    if (!done.isTaken) {
      throw done.isUndone ? new Undone() : new JmapFailure('stateMismatch', { transient: true })
    }
    if (!isWritten && done.before && changes?.step && BEFORE_REQUEST.has(changes.step)) {
      // After a crash nobody would know of it, and it could be handed over twice. Nothing is asked for.
      await this.#takeBack(done.before, changes.step)
      throw new JmapFailure(NOT_KEPT, { transient: true })
    }
  }

  /** The step could not be kept, or not in time. */
  async #takeBack(before: Sending, step: SendingStep): Promise<void> {
    const owner = this.#drafts.tab
    await this.#drafts.update(this.id, (kept) => {
      const { sending } = kept
      const isIt = sending?.owner === owner && sending.step === step
      return isIt ? { ...kept, sending: { ...before, undo: sending.undo, steppedAt: this.now() } } : kept
    })
  }

  /** Change what is no word of the person. */
  async amend(change: (draft: KeptDraft['draft']) => KeptDraft['draft']): Promise<void> {
    await this.#drafts.amend(this.id, change)
  }

  /** Its files are those of the version that the mail server has now. Raises JmapFailure. */
  async rebind(kept: KeptDraft): Promise<void> {
    await rebind(this.account, this.#drafts, kept)
  }

  async remove(): Promise<void> {
    await this.#drafts.remove(this.id)
  }
}
