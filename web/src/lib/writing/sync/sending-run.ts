/** Sends one message: takes one step after the other until it has left, is a draft again, or the person must decide. */
import { nextOf, type Next } from '#lib/writing/domain/sending.ts'
import type { KeptDraft } from '#lib/writing/domain/draft.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import { pauseAfter } from '#lib/live/pause.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import { afterRefusal, refusalOf, UNKNOWN } from './sending-failure.ts'
import type { Drafts } from './drafts.ts'
import { IDENTITY_GONE } from './final-email.ts'
import { SubmitSteps, type EndStoring } from './submit-steps.ts'
import { isNotNow, isRetryable } from '#lib/sync/retryable.ts'
import { OwnedElsewhere, NOT_KEPT, SendingRecord, UndoRequested, type DraftInSending } from './sending-record.ts'
import { HeldSteps } from './held-steps.ts'
import { troubleOf } from '#lib/sync/task.ts'

/** Milliseconds until the next try while the person must sign in first, or has no mailbox. */
const PATIENCE = 60_000

/** Failures after which the person is told that the sending cannot be undone now. It may be possible later. */
const MOST_FAILURES = 3

/** Milliseconds. A shorter pause is not recorded: other tabs do not take this one for frozen so soon. */
const LONG = 3_000

/** Failures to find out what became of a submission, after which the person decides. */
const MOST_QUESTIONS = 6

function isNotKept(failure: unknown): boolean {
  return failure instanceof JmapFailure && failure.code === NOT_KEPT
}

export interface SendingListener {
  changed: (id: string) => void
  /** It has left. The draft is removed once this resolves. */
  sent: (kept: KeptDraft) => Promise<void>
  /** It is a draft again, or the person must decide; `trouble` says why. null: the person undid the sending. */
  ended: (id: string, trouble: Trouble | null) => void
  /** The sending could not be undone for now. */
  notUndone: (id: string, trouble: Trouble) => void
}

export class SendingRun {
  /** why it waits */
  trouble: Trouble | null = null
  readonly #record: SendingRecord
  readonly #submitting: SubmitSteps
  readonly #held: HeldSteps
  readonly #listener: SendingListener
  #stopped = false
  #failures = 0
  #wake: () => void = () => undefined
  /** whether `wake` was called since the next step was chosen */
  #isWoken = false

  constructor(
    session: Session,
    drafts: Drafts,
    id: string,
    { endStoring, listener }: { endStoring: EndStoring; listener: SendingListener }
  ) {
    this.#record = new SendingRecord(session, drafts, id)
    this.#submitting = new SubmitSteps(this.#record, endStoring)
    this.#held = new HeldSteps(this.#record)
    this.#listener = listener
  }

  /** Ends a pause. */
  wake(): void {
    this.#isWoken = true
    this.#wake()
  }

  stop(): void {
    this.#stopped = true
    this.wake()
  }

  /** Resolves once this tab has nothing more to do for it. */
  async run(): Promise<void> {
    await this.#record.claim()
    let isFirst = true
    for (let kept = this.#record.own(); kept && !this.#stopped; kept = this.#record.own()) {
      this.#isWoken = false
      const next = nextOf(kept.sending, this.#record.now())
      if (next.do === 'ask' && !isFirst) {
        return
      }
      isFirst = false
      try {
        const pause = await this.#do(next, kept)
        this.#wentWell()
        await this.#pause(pause, next.do !== 'wait')
      } catch (failure) {
        if (failure instanceof OwnedElsewhere) {
          return
        }
        if (!(failure instanceof UndoRequested)) {
          await this.#failed(failure, kept).catch((again: unknown) => this.#mistaken(again))
        }
      }
    }
  }

  async #do(next: Next, kept: DraftInSending): Promise<number> {
    if (next.do === 'wait') {
      return next.until - this.#record.now()
    }
    if (next.do !== 'end') {
      await this.#record.session.connected()
    }
    switch (next.do) {
      case 'store':
        return this.#submitting.store()
      case 'find':
        return this.#submitting.find(kept)
      case 'check':
        return this.#submitting.check(kept)
      case 'submit':
        return this.#submitting.submit(kept)
      case 'look':
      case 'ask':
        return this.#looked(kept)
      default:
        await this.#after(next, kept)
        return 0
    }
  }

  async #looked(kept: DraftInSending): Promise<number> {
    const pause = await this.#submitting.look(kept)
    if (kept.sending.step === 'submitting' && this.#record.own()?.sending.step === 'unknown') {
      this.#tellUnknown()
    }
    return pause
  }

  #tellUnknown(): void {
    const trouble = troubleOf(new JmapFailure(UNKNOWN))
    this.#listener.notUndone(this.#record.id, trouble)
    this.#listener.ended(this.#record.id, trouble)
  }

  async #after(next: Next, kept: DraftInSending): Promise<void> {
    const { refusal } = kept
    switch (next.do) {
      case 'cancel':
        return this.#held.cancel(kept)
      case 'tooLate':
        return this.#held.tooLate()
      case 'findCancel':
        return this.#held.look(kept)
      case 'return':
        await this.#held.returnToDrafts(kept)
        this.#listener.ended(this.#record.id, refusal && troubleOf(new JmapFailure(refusal.code, refusal)))
        return
      case 'end':
        await this.#held.end(kept)
        this.#listener.ended(this.#record.id, null)
        return
      default:
        if (await this.#held.finish(kept)) {
          await this.#listener.sent(kept)
          await this.#record.remove()
        }
    }
  }

  #wentWell(): void {
    this.#failures = 0
    this.trouble = null
    this.#listener.changed(this.#record.id)
  }

  async #failed(failure: unknown, kept: DraftInSending): Promise<void> {
    const { id } = this.#record
    if (!(failure instanceof JmapFailure)) {
      this.#record.session.ports.report(failure)
    }
    const step = this.#record.own()?.sending.step
    this.#failures += 1
    const isOver = !isRetryable(failure) || (isNotKept(failure) && this.#failures >= MOST_FAILURES)
    if (isOver && (step === 'waiting' || step === 'stored')) {
      const refusal = refusalOf(failure)
      if (refusal.code === IDENTITY_GONE) {
        // The window then shows the identity that is used instead.
        await this.#record.amend((draft) => ({ ...draft, identityId: null }))
      }
      await this.#held.end(kept, step, { refusal, ...afterRefusal(refusal) })
      this.#listener.ended(id, troubleOf(failure))
      return
    }
    if (isOver && step === 'submitting' && this.#failures >= MOST_QUESTIONS) {
      await this.#submitting.giveUp()
      this.#tellUnknown()
      return
    }
    const known = failure instanceof JmapFailure ? failure : null
    const pause = pauseAfter(this.#failures, known?.retryAfter ?? null, this.#record.session.ports.random())
    this.trouble = troubleOf(failure, isNotNow(failure) ? null : new Date(this.#record.now() + pause))
    this.#listener.changed(id)
    if (kept.sending.undo) {
      await this.#notUndone(failure, this.trouble)
    }
    await this.#pause(isNotNow(failure) ? PATIENCE : pause, true)
  }

  /** Canceling is tried again while there is time. A failure that no other try can mend is told at once. */
  async #notUndone(failure: unknown, trouble: Trouble): Promise<void> {
    const isHeld = this.#record.own()?.sending.step === 'held'
    const isOver = isNotNow(failure) || !isRetryable(failure)
    if (isOver || this.#failures >= MOST_FAILURES) {
      this.#listener.notUndone(this.#record.id, trouble)
    }
    if (isOver && isHeld) {
      await this.#held.tooLate()
    }
  }

  /** A mistake of ours that recurs must not do so without a pause. */
  #mistaken(failure: unknown): Promise<void> {
    if (!(failure instanceof JmapFailure) && !(failure instanceof OwnedElsewhere)) {
      this.#record.session.ports.report(failure)
    }
    return this.#pause(PATIENCE, true)
  }

  /** `isToBeKnown`: a long pause is recorded, so that other tabs do not take this one for frozen. */
  async #pause(milliseconds: number, isToBeKnown: boolean): Promise<void> {
    if (isToBeKnown && milliseconds > LONG) {
      await this.#record.pause(milliseconds)
    }
    if (milliseconds <= 0 || this.#isWoken) {
      return
    }
    await new Promise<void>((resolve) => {
      const callOff = this.#record.session.ports.after(milliseconds, resolve)
      this.#wake = () => {
        callOff()
        resolve()
      }
    })
  }
}
