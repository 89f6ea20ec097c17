/** The steps of a message after the mail server has taken it: it leaves, or becomes a draft again. */
import type { KeptDraft, Sending } from '#lib/compose/draft.ts'
import { verdictOf } from '#lib/compose/verdict.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import { nobodyGot } from './departure-failure.ts'
import { passes } from './passing.ts'
import type { OnItsWay, SendingRecord } from './sending-record.ts'
import { cancel, file, whereaboutsOf } from './submission.ts'

export class TakingBack {
  readonly #record: SendingRecord

  constructor(record: SendingRecord) {
    this.#record = record
  }

  /** Raises JmapFailure; an ambiguous one if it may have been taken back. */
  async cancel({ sending }: OnItsWay): Promise<void> {
    await this.#record.step('held', { step: 'undoing' })
    try {
      const isBack = await cancel(this.#record.account, sending.submissionId ?? '')
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

  /** Whether it was taken back: no response told. */
  look({ sending }: OnItsWay): Promise<void> {
    return this.#look(sending, true)
  }

  /** `again`: it is asked for once more if it is still there. It may be another device that took it back. */
  async #look(sending: Sending, again: boolean): Promise<void> {
    const where = await whereaboutsOf(this.#record.account, sending, sending.emailId ?? '')
    const own = where.submissions.find(({ id }) => id === sending.submissionId)
    const isBack = own ? own.undoStatus === 'canceled' : Boolean(where.email?.keywords['$draft'])
    // If it is still there, it is asked for once more, or it is too late.
    const held = { step: 'held', undo: again && own?.undoStatus === 'pending' } as const
    await this.#record.step('undoing', isBack ? { step: 'returning' } : held)
  }

  async putBack(kept: OnItsWay): Promise<void> {
    await file(this.#record.account, kept.sending.emailId ?? '', 'drafts')
    await this.end(kept, 'returning')
  }

  /** It is a draft again, the one that the mail server has now. */
  async end(kept: OnItsWay, step: Sending['step'] = kept.sending.step, more: Partial<KeptDraft> = {}): Promise<void> {
    if (kept.sending.emailId !== null) {
      // Files that are not found are uploaded anew once the mail server lacks them.
      await this.#record.rebind(kept).catch((failure: unknown) => {
        if (passes(failure)) {
          throw failure
        }
      })
    }
    const handedOver = step === 'returning' ? kept.handedOver : kept.sending.late
    await this.#record.step(step, null, { ...(handedOver && { handedOver }), ...more })
    void this.#record.account.wrote(true)
  }

  /** Its time has come. Whether it has left, and is to be told so. */
  async finish(kept: OnItsWay): Promise<boolean> {
    const { sending } = kept
    const emailId = sending.emailId ?? ''
    const where = await whereaboutsOf(this.#record.account, sending, emailId)
    const verdict = verdictOf(where)
    if (verdict.is === 'refused') {
      await this.#record.step('held', { step: 'returning' }, { refusal: nobodyGot(verdict.submission) })
      return false
    }
    const isDraft = Boolean(where.email?.keywords['$draft'])
    // Cyrus keeps no record of what left at once: then nobody can have taken it back.
    const isForgotten = where.submissions.length === 0 && sending.submissionId !== null && sending.holdFor === 0
    if (verdict.is === 'canceled' || (verdict.is === 'draft' && !isForgotten)) {
      // Another device took it back: there it is a draft.
      await (isDraft ? undefined : file(this.#record.account, emailId, 'drafts'))
      await this.#record.remove()
      return false
    }
    if (isDraft) {
      await file(this.#record.account, emailId, 'sent')
    }
    return true
  }
}
