/** The steps of a message until the mail server has taken it. Each resolves to the milliseconds until the next one. */
import { ASK_AFTER, holdOf } from '#lib/compose/departure.ts'
import { isSent, type Submission } from '#lib/compose/delivery.ts'
import type { KeptDraft, Sending } from '#lib/compose/draft.ts'
import { MARGIN } from '#lib/compose/sending-start.ts'
import { verdictOf, type Verdict } from '#lib/compose/verdict.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Id } from '#lib/jmap/types.ts'
import { holdRefused, nobodyGot } from './departure-failure.ts'
import { CHANGED, findFinal, LEFT_BEFORE, makeFinal, SENT_ELSEWHERE } from './final-email.ts'
import type { OnItsWay, SendingRecord } from './sending-record.ts'
import { file, handOver, handoverOf, mostHeld, whereaboutsOf } from './submission.ts'

/** Waits until no version of the draft is being stored, and finds out what became of the last; null: the draft is gone. */
export type Settle = (id: string) => Promise<KeptDraft | null>

/** The person wants it to be sent though it may have left. */
const ANEW = { step: 'waiting', emailId: null, handedAt: null, again: false } as const

export class Handover {
  readonly #record: SendingRecord
  readonly #settle: Settle
  /** questions without a clear response since it was handed over */
  #asked = 0
  /** seconds for which the mail server turned out to hold mail */
  #mostHeld = Infinity

  constructor(record: SendingRecord, settle: Settle) {
    this.#record = record
    this.#settle = settle
  }

  async store(): Promise<number> {
    const record = this.#record
    const kept = await this.#settle(record.id)
    if (!kept?.sending) {
      return 0
    }
    await record.step('waiting', { step: 'storing', since: record.account.facts.emailState }, {}, true)
    try {
      const claim = (): Promise<void> => record.step('storing', {}, {}, true)
      await this.#made(kept, kept.sending, await makeFinal(record.account, kept, kept.sending, claim))
    } catch (failure) {
      if (failure instanceof JmapFailure && failure.code === LEFT_BEFORE && !kept.sending.edited) {
        const emailId = kept.sending.late.at(-1) ?? null
        await record.step('storing', { step: 'unknown', emailId, again: true })
        return 0
      }
      if (failure instanceof JmapFailure && !failure.ambiguous) {
        await record.step('storing', { step: 'waiting' })
      }
      throw failure
    }
    return 0
  }

  /** From now on the draft that the mail server has is the email that is sent. */
  #made({ revision }: KeptDraft, { messageId }: Sending, emailId: Id): Promise<void> {
    const stored = { emailId, messageId, revision, at: this.#record.now() }
    return this.#record.step('storing', { step: 'stored', emailId }, { stored, storing: null, handedOver: [] })
  }

  async find(kept: OnItsWay): Promise<number> {
    const found = await this.#found(kept)
    if (!found) {
      await this.#record.step('storing', { step: 'waiting' }, kept.sending.undo ? takenBack(kept) : {})
      return 0
    }
    await this.#made(kept, kept.sending, found.id)
    if (!found.isDraft) {
      // Another device sent it: what became of it is asked.
      await this.#record.step('stored', { step: 'submitting' })
    }
    return 0
  }

  /** Raises JmapFailure. If another device sent or changed the draft, nothing is looked for any more. */
  async #found(kept: OnItsWay): ReturnType<typeof findFinal> {
    try {
      return await findFinal(this.#record.account, kept, kept.sending)
    } catch (failure) {
      if (failure instanceof JmapFailure && (failure.code === CHANGED || failure.code === SENT_ELSEWHERE)) {
        await this.#record.step('storing', { step: 'waiting' })
      }
      throw failure
    }
  }

  /** Submit it, unless something happened since it was made: others see it among the drafts, and what was handed over
   * before may have left. */
  async check(kept: OnItsWay): Promise<number> {
    const { sending } = kept
    const { late } = sending
    const emailId = sending.emailId ?? ''
    const { submissions, email } = await whereaboutsOf(this.#record.account, sending, emailId)
    const left = submissions.find((one) => late.includes(one.emailId ?? '') && isSent(one))
    if (left && sending.edited) {
      throw new JmapFailure(LEFT_BEFORE)
    }
    if (left) {
      // This is the copy of its writer.
      await file(this.#record.account, emailId, 'sent')
      return this.#submitted(sending, left)
    }
    const own = submissions.filter((one) => !late.includes(one.emailId ?? ''))
    const verdict = verdictOf({ submissions: own, email })
    if (verdict.is === 'draft') {
      return this.submit(kept)
    }
    if (verdict.is === 'sent') {
      return this.#submitted(sending, verdict.submission)
    }
    throw new JmapFailure(CHANGED)
  }

  async submit({ draft, sending }: OnItsWay): Promise<number> {
    const { account } = this.#record
    const now = this.#record.now()
    const hold = holdOf(sending, now)
    const most = Math.min(this.#mostHeld, mostHeld(account))
    if (hold > most) {
      return this.#holdHere(sending, most)
    }
    const emailId = sending.emailId ?? ''
    const calls = await handoverOf(account, draft, emailId, hold)
    await this.#record.step('stored', { step: 'submitting', handedAt: now }, {}, true)
    this.#asked = 0
    try {
      const where = await handOver(account, calls, emailId)
      return await this.#judge({ ...sending, step: 'submitting', handedAt: now }, where && verdictOf(where))
    } catch (failure) {
      return this.#notTaken(failure, hold)
    }
  }

  async #notTaken(failure: unknown, hold: number): Promise<number> {
    if (!(failure instanceof JmapFailure)) {
      throw failure
    }
    if (failure.ambiguous) {
      return this.#pauseToAsk()
    }
    await this.#record.step('submitting', { step: 'stored', handedAt: null })
    const most = holdRefused(failure, hold)
    if (most === null) {
      throw failure
    }
    this.#mostHeld = most
    return 0
  }

  /** The mail server does not hold it that long: this device does, while a tab of ours is open. */
  async #holdHere(sending: Sending, most: number): Promise<number> {
    const now = this.#record.now()
    if (sending.leaveAt !== null && sending.leaveAt > now) {
      throw new JmapFailure('hold_too_long', { detail: String(most) })
    }
    await this.#record.step('stored', {
      holdFor: 0,
      leaveAt: null,
      dueAt: sending.dueAt + (sending.holdFor - MARGIN) * 1_000
    })
    return 0
  }

  /** What became of it: no response tells, or another tab asked for it. */
  async look(kept: OnItsWay): Promise<number> {
    const { sending } = kept
    const emailId = sending.emailId ?? ''
    const where = await whereaboutsOf(this.#record.account, sending, emailId)
    const verdict = verdictOf(where)
    if (verdict.is !== 'draft' && verdict.is !== 'gone') {
      return this.#judge(sending, verdict)
    }
    if (sending.step === 'submitting') {
      return this.#unclear()
    }
    const late = [...sending.late, ...(emailId ? [emailId] : [])]
    if (sending.undo) {
      // It is stored anew soon, and the one that was handed over destroyed: the request that is late finds it no more.
      const stored = verdict.is === 'draft' && kept.stored ? { ...kept.stored, revision: -1 } : null
      await this.#record.step('unknown', { step: 'returning' }, { stored, handedOver: late })
    } else if (sending.again) {
      await this.#record.step('unknown', {
        ...ANEW,
        dueAt: sending.holdFor > 0 ? this.#record.now() : sending.dueAt,
        late
      })
    }
    return 0
  }

  async #unclear(): Promise<number> {
    if (this.#asked < ASK_AFTER.length) {
      return this.#pauseToAsk()
    }
    await this.giveUp()
    return 0
  }

  /** Nobody can tell whether it left. */
  giveUp(): Promise<void> {
    return this.#record.step('submitting', { step: 'unknown', again: false, undo: false })
  }

  #pauseToAsk(): number {
    this.#asked += 1
    return ASK_AFTER[this.#asked - 1] ?? 0
  }

  /** What the mail server says of it. */
  async #judge(sending: Sending, verdict: Verdict | null): Promise<number> {
    switch (verdict?.is) {
      case 'sent':
        return this.#submitted(sending, verdict.submission)
      case 'refused':
        await this.#record.step(
          sending.step,
          { step: 'returning', submissionId: verdict.submission.id },
          { refusal: nobodyGot(verdict.submission) }
        )
        return 0
      case 'canceled':
        await this.#record.step(sending.step, { step: 'returning' })
        return 0
      default:
        return this.#pauseToAsk()
    }
  }

  async #submitted(sending: Sending, submission: Submission | null): Promise<number> {
    const { handedAt } = sending
    // What another device handed over is not held for this one. One whose id nobody told cannot be taken back.
    const held = handedAt === null ? { holdFor: 0, leaveAt: null, handedAt: this.#record.now() } : {}
    await this.#record.step(sending.step, { step: 'held', submissionId: submission?.id || null, again: false, ...held })
    void this.#record.account.wrote(true)
    return 0
  }
}

/** A late request may still make the email: so the storing of the draft looks for it, and then makes a version anew. */
function takenBack({ revision, stored, sending: { messageId, since } }: OnItsWay): Partial<KeptDraft> {
  const storing = { messageId, revision, ...(since !== undefined && { since }) }
  return { storing, stored: stored && { ...stored, revision: -1 } }
}
