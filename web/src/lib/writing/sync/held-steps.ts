/** The steps after the mail server has accepted the submission: the message leaves, or becomes a draft again. */
import type { KeptDraft, Sending } from '#lib/writing/domain/draft.ts'
import { verdictOf } from '#lib/writing/domain/verdict.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import { nobodyGot } from './sending-failure.ts'
import { isRetryable } from '#lib/sync/retryable.ts'
import type { DraftInSending, SendingRecord } from './sending-record.ts'
import { cancel, file, submissionStatusOf } from './submission.ts'

export class HeldSteps {
  readonly #record: SendingRecord

  constructor(record: SendingRecord) {
    this.#record = record
  }

  /** Raises JmapFailure; an ambiguous one if it may have been canceled. */
  async cancel({ sending }: DraftInSending): Promise<void> {
    await this.#record.step('held', { step: 'undoing' })
    try {
      const isBack = await cancel(this.#record.session, sending.submissionId ?? '')
      if (isBack) {
        await this.#record.step('undoing', { step: 'returning' })
      } else {
        await this.#look(sending, false)
      }
    } catch (failure) {
      if (failure instanceof JmapFailure && !failure.ambiguous) {
        await this.#record.step('undoing', { step: 'held' })
      }
      throw failure
    }
  }

  tooLate(): Promise<void> {
    return this.#record.step('held', { undo: false })
  }

  /** Finds out whether it was canceled: no response told. */
  look({ sending }: DraftInSending): Promise<void> {
    return this.#look(sending, true)
  }

  /** With `again` it is canceled once more if it is still pending. Another device may have canceled it. */
  async #look(sending: Sending, again: boolean): Promise<void> {
    const where = await submissionStatusOf(this.#record.session, sending, sending.emailId ?? '')
    const own = where.submissions.find(({ id }) => id === sending.submissionId)
    const isBack = own ? own.undoStatus === 'canceled' : Boolean(where.email?.keywords['$draft'])
    const held = { step: 'held', undo: again && own?.undoStatus === 'pending' } as const
    await this.#record.step('undoing', isBack ? { step: 'returning' } : held)
  }

  async returnToDrafts(kept: DraftInSending): Promise<void> {
    await file(this.#record.session, kept.sending.emailId ?? '', 'drafts')
    await this.end(kept, 'returning')
  }

  /** Makes it a draft again, whose version is the email that the mail server has now. */
  async end(
    kept: DraftInSending,
    step: Sending['step'] = kept.sending.step,
    more: Partial<KeptDraft> = {}
  ): Promise<void> {
    if (kept.sending.emailId !== null) {
      // Files that are not found are uploaded again once the mail server says that it lacks them.
      await this.#record.rebind(kept).catch((failure: unknown) => {
        if (isRetryable(failure)) {
          throw failure
        }
      })
    }
    const maybeSubmitted = step === 'returning' ? kept.maybeSubmitted : kept.sending.late
    await this.#record.step(step, null, { kept: { ...(maybeSubmitted && { maybeSubmitted }), ...more } })
    this.#record.session.tell('wrote', true)
  }

  /** Called when its time has come. Returns whether it has left. */
  async finish(kept: DraftInSending): Promise<boolean> {
    const { sending } = kept
    const emailId = sending.emailId ?? ''
    const where = await submissionStatusOf(this.#record.session, sending, emailId)
    const verdict = verdictOf(where)
    if (verdict.is === 'refused') {
      await this.#record.step('held', { step: 'returning' }, { kept: { refusal: nobodyGot(verdict.submission) } })
      return false
    }
    const isDraft = Boolean(where.email?.keywords['$draft'])
    // Cyrus keeps no record of a submission that left at once: then nobody can have canceled it.
    const isForgotten = where.submissions.length === 0 && sending.submissionId !== null && sending.holdFor === 0
    if (verdict.is === 'canceled' || (verdict.is === 'draft' && !isForgotten)) {
      // Another device canceled it, and has it as a draft.
      await (isDraft ? undefined : file(this.#record.session, emailId, 'drafts'))
      await this.#record.remove()
      return false
    }
    if (isDraft) {
      await file(this.#record.session, emailId, 'sent')
    }
    return true
  }
}
