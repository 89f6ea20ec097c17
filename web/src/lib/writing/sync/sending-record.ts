/** The record of a message that is being sent, as the tab that owns it changes it. */
import type { KeptDraft, Sending, SendingStep } from '#lib/writing/domain/draft.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Session } from '#lib/sync/session.ts'
import { rebind } from './draft-files.ts'
import type { Drafts } from './drafts.ts'

/** Code of the failure if this device could not keep the next step: then the request is not made. */
export const NOT_KEPT = 'not_kept'

/** Steps that are kept before a request which must not be made twice. The others say what is known. */
const BEFORE_REQUEST: ReadonlySet<SendingStep> = new Set(['storing', 'submitting'])

/** Another tab owns the record now, or the message is not being sent any more. */
export class OwnedElsewhere extends Error {}

/** The person undid the sending before this step. */
export class UndoRequested extends Error {}

/** A draft that is being sent. */
export type DraftInSending = KeptDraft & { readonly sending: Sending }

export type StepChanges = Partial<Omit<Sending, 'owner' | 'steppedAt' | 'goesOnAt'>>

export class SendingRecord {
  readonly id: string
  readonly session: Session
  readonly #drafts: Drafts

  constructor(session: Session, drafts: Drafts, id: string) {
    this.session = session
    this.#drafts = drafts
    this.id = id
  }

  now(): number {
    return this.session.ports.now()
  }

  /** undefined: another tab owns it, or the message is not being sent */
  own(): DraftInSending | undefined {
    const kept = this.#drafts.get(this.id)
    return kept?.sending?.owner === this.#drafts.tab ? { ...kept, sending: kept.sending } : undefined
  }

  /** Makes this tab the owner: from now on no other tab takes a step. */
  async claim(): Promise<void> {
    const owner = this.#drafts.tab
    const goesOnAt = this.now()
    await this.#drafts.update(this.id, (kept) =>
      kept.sending && kept.sending.owner !== owner ? { ...kept, sending: { ...kept.sending, owner, goesOnAt } } : kept
    )
  }

  /** Tells other tabs that this one continues later, and is not frozen. */
  async pause(milliseconds: number): Promise<void> {
    const goesOnAt = this.now() + milliseconds
    await this.#drafts.update(this.id, (kept) =>
      kept.sending?.owner === this.#drafts.tab ? { ...kept, sending: { ...kept.sending, goesOnAt } } : kept
    )
  }

  /**
   * Keeps the next step before its request is made, in one transaction of all tabs, and only if this tab still owns the
   * record. A tab that was frozen finds another owner then, and makes no request any more. null ends the sending. `kept`
   * are changes of the draft itself. With `unlessUndone` the step is not taken if the person undid the sending. Raises
   * OwnedElsewhere, UndoRequested or JmapFailure.
   */
  async step(
    from: SendingStep,
    changes: StepChanges | null,
    { kept: more, unlessUndone = false }: { kept?: Partial<KeptDraft>; unlessUndone?: boolean } = {}
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
      throw new OwnedElsewhere()
    }
    if (!done.isTaken) {
      throw done.isUndone ? new UndoRequested() : new JmapFailure('stateMismatch', { transient: true })
    }
    if (!isWritten && done.before && changes?.step && BEFORE_REQUEST.has(changes.step)) {
      // After a crash nobody would know of the request, and it could be made twice. So it is not made.
      await this.#revert(done.before, changes.step)
      throw new JmapFailure(NOT_KEPT, { transient: true })
    }
  }

  /** Goes back to the step before one that could not be kept, or not in time. */
  async #revert(before: Sending, step: SendingStep): Promise<void> {
    const owner = this.#drafts.tab
    await this.#drafts.update(this.id, (kept) => {
      const { sending } = kept
      const isIt = sending?.owner === owner && sending.step === step
      return isIt ? { ...kept, sending: { ...before, undo: sending.undo, steppedAt: this.now() } } : kept
    })
  }

  /** Changes what the person did not write themselves. */
  async amend(change: (draft: KeptDraft['draft']) => KeptDraft['draft']): Promise<void> {
    await this.#drafts.amend(this.id, change)
  }

  /** Gives its files the blob ids of the version that the mail server has now. Raises JmapFailure. */
  async rebind(kept: KeptDraft): Promise<void> {
    await rebind(this.session, this.#drafts, kept)
  }

  async remove(): Promise<void> {
    await this.#drafts.remove(this.id)
  }
}
