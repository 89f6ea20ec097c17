/** One message on its way: takes one step after the other until it has left, is a draft again, or the person must decide. */
import { nextOf, type Next } from '#lib/compose/departure.ts'
import type { KeptDraft } from '#lib/compose/draft.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import { pauseAfter } from '#lib/live/pause.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Account } from './account.ts'
import { afterRefusal, refusalOf, UNKNOWN } from './departure-failure.ts'
import type { Drafts } from './drafts.ts'
import { IDENTITY_GONE } from './final-email.ts'
import { Handover, type Settle } from './handover.ts'
import { isNotNow, passes } from './passing.ts'
import { Elsewhere, NOT_KEPT, SendingRecord, Undone, type OnItsWay } from './sending-record.ts'
import { TakingBack } from './taking-back.ts'
import { troubleOf } from './task.ts'

/** Milliseconds after which it is asked again whether the person may send. */
const PATIENCE = 60_000

/** Failures after which the person is told that it cannot be taken back now. It may be, later. */
const MOST_FAILURES = 3

/** Milliseconds. Other tabs need not be told of a shorter pause: they do not take this tab for a frozen one so soon. */
const LONG = 3_000

/** Refusals to tell what became of it, after which the person decides. */
const MOST_QUESTIONS = 6

function isNotKept(failure: unknown): boolean {
  return failure instanceof JmapFailure && failure.code === NOT_KEPT
}

export interface Told {
  changed: (id: string) => void
  /** It has left. What is kept of that is kept before the draft is removed. */
  sent: (kept: KeptDraft) => Promise<void>
  /** It is a draft again, or the person must decide: why; null: the person took it back. */
  ended: (id: string, trouble: Trouble | null) => void
  /** It could not be taken back, for now. */
  notUndone: (id: string, trouble: Trouble) => void
}

export class Departing {
  /** why it waits */
  trouble: Trouble | null = null
  readonly #record: SendingRecord
  readonly #handover: Handover
  readonly #back: TakingBack
  readonly #told: Told
  #stopped = false
  #failures = 0
  #wake: () => void = () => undefined
  /** since the next step was chosen */
  #isWoken = false

  constructor(account: Account, drafts: Drafts, id: string, { settle, told }: { settle: Settle; told: Told }) {
    this.#record = new SendingRecord(account, drafts, id)
    this.#handover = new Handover(this.#record, settle)
    this.#back = new TakingBack(this.#record)
    this.#told = told
  }

  /** Wait no more. */
  wake(): void {
    this.#isWoken = true
    this.#wake()
  }

  stop(): void {
    this.#stopped = true
    this.wake()
  }

  /** Returns once nothing is left to be done by this tab. */
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
        if (failure instanceof Elsewhere) {
          return
        }
        if (!(failure instanceof Undone)) {
          await this.#failed(failure, kept).catch((again: unknown) => this.#mistaken(again))
        }
      }
    }
  }

  async #do(next: Next, kept: OnItsWay): Promise<number> {
    if (next.do === 'wait') {
      return next.until - this.#record.now()
    }
    if (next.do !== 'end') {
      await this.#record.account.connected()
    }
    switch (next.do) {
      case 'store':
        return this.#handover.store()
      case 'find':
        return this.#handover.find(kept)
      case 'check':
        return this.#handover.check(kept)
      case 'submit':
        return this.#handover.submit(kept)
      case 'look':
      case 'ask':
        return this.#looked(kept)
      default:
        await this.#after(next, kept)
        return 0
    }
  }

  async #looked(kept: OnItsWay): Promise<number> {
    const pause = await this.#handover.look(kept)
    if (kept.sending.step === 'submitting' && this.#record.own()?.sending.step === 'unknown') {
      this.#tellUnknown()
    }
    return pause
  }

  #tellUnknown(): void {
    const trouble = troubleOf(new JmapFailure(UNKNOWN))
    this.#told.notUndone(this.#record.id, trouble)
    this.#told.ended(this.#record.id, trouble)
  }

  async #after(next: Next, kept: OnItsWay): Promise<void> {
    const { refusal } = kept
    switch (next.do) {
      case 'cancel':
        return this.#back.cancel(kept)
      case 'tooLate':
        return this.#back.tooLate()
      case 'lookBack':
        return this.#back.look(kept)
      case 'return':
        await this.#back.putBack(kept)
        this.#told.ended(this.#record.id, refusal && troubleOf(new JmapFailure(refusal.code, refusal)))
        return
      case 'end':
        await this.#back.end(kept)
        this.#told.ended(this.#record.id, null)
        return
      default:
        if (await this.#back.finish(kept)) {
          await this.#told.sent(kept)
          await this.#record.remove()
        }
    }
  }

  #wentWell(): void {
    this.#failures = 0
    this.trouble = null
    this.#told.changed(this.#record.id)
  }

  async #failed(failure: unknown, kept: OnItsWay): Promise<void> {
    const { id } = this.#record
    if (!(failure instanceof JmapFailure)) {
      this.#record.account.ports.report(failure)
    }
    const step = this.#record.own()?.sending.step
    this.#failures += 1
    const isOver = !passes(failure) || (isNotKept(failure) && this.#failures >= MOST_FAILURES)
    if (isOver && (step === 'waiting' || step === 'stored')) {
      const refusal = refusalOf(failure)
      if (refusal.code === IDENTITY_GONE) {
        // The window shows from whom it leaves then.
        await this.#record.amend((draft) => ({ ...draft, identityId: null }))
      }
      await this.#back.end(kept, step, { refusal, ...afterRefusal(refusal) })
      this.#told.ended(id, troubleOf(failure))
      return
    }
    if (isOver && step === 'submitting' && this.#failures >= MOST_QUESTIONS) {
      await this.#handover.giveUp()
      this.#tellUnknown()
      return
    }
    const known = failure instanceof JmapFailure ? failure : null
    const pause = pauseAfter(this.#failures, known?.retryAfter ?? null, this.#record.account.ports.random())
    this.trouble = troubleOf(failure, isNotNow(failure) ? null : new Date(this.#record.now() + pause))
    this.#told.changed(id)
    if (kept.sending.undo) {
      await this.#notUndone(failure, this.trouble)
    }
    await this.#pause(isNotNow(failure) ? PATIENCE : pause, true)
  }

  /** It is tried again as long as there is time. If nobody may ask, or is told, the person is told at once. */
  async #notUndone(failure: unknown, trouble: Trouble): Promise<void> {
    const isHeld = this.#record.own()?.sending.step === 'held'
    const isOver = isNotNow(failure) || !passes(failure)
    if (isOver || this.#failures >= MOST_FAILURES) {
      this.#told.notUndone(this.#record.id, trouble)
    }
    if (isOver && isHeld) {
      await this.#back.tooLate()
    }
  }

  /** What fails again and again must not do so without a pause. */
  #mistaken(failure: unknown): Promise<void> {
    if (!(failure instanceof JmapFailure) && !(failure instanceof Elsewhere)) {
      this.#record.account.ports.report(failure)
    }
    return this.#pause(PATIENCE, true)
  }

  /** `isToBeKnown`: others must not take this tab for a frozen one. */
  async #pause(milliseconds: number, isToBeKnown: boolean): Promise<void> {
    if (isToBeKnown && milliseconds > LONG) {
      await this.#record.pause(milliseconds)
    }
    if (milliseconds <= 0 || this.#isWoken) {
      return
    }
    await new Promise<void>((resolve) => {
      const callOff = this.#record.account.ports.after(milliseconds, resolve)
      this.#wake = () => {
        callOff()
        resolve()
      }
    })
  }
}
