/** The steps until the mail server has accepted the submission. Each resolves to the milliseconds until the next one. */
import { ASK_AFTER, holdOf } from '#lib/writing/domain/sending.ts'
import { isSent, type Submission } from '#lib/writing/domain/delivery.ts'
import { outdated, type KeptDraft, type Sending } from '#lib/writing/domain/draft.ts'
import { MARGIN } from '#lib/writing/domain/sending-start.ts'
import { verdictOf, type Verdict } from '#lib/writing/domain/verdict.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Id } from '#lib/jmap/types.ts'
import { holdRefused, nobodyGot } from './sending-failure.ts'
import { CHANGED, findFinal, LEFT_BEFORE, makeFinal, SENT_ELSEWHERE } from './final-email.ts'
import type { DraftInSending, SendingRecord } from './sending-record.ts'
import { file, submit, submitCalls, mostHeld, submissionStatusOf } from './submission.ts'

/** Waits until no version of the draft is being stored, and finds out whether the last one was; null: the draft is gone. */
export type EndStoring = (id: string) => Promise<KeptDraft | null>

/** The person wants to send it once more though it may have left. */
const ANEW = { step: 'waiting', emailId: null, submittedAt: null, again: false } as const

export class SubmitSteps {
  readonly #record: SendingRecord
  readonly #endStoring: EndStoring
  /** times that the mail server was asked, without a clear response, since the submission was requested */
  #asked = 0
  /** seconds for which the mail server holds mail, as its refusals have shown */
  #mostHeld = Infinity

  constructor(record: SendingRecord, endStoring: EndStoring) {
    this.#record = record
    this.#endStoring = endStoring
  }

  async store(): Promise<number> {
    const record = this.#record
    const kept = await this.#endStoring(record.id)
    if (!kept?.sending) {
      return 0
    }
    await record.step('waiting', { step: 'storing', since: record.session.facts.emailState }, { unlessUndone: true })
    try {
      const claim = (): Promise<void> => record.step('storing', {}, { unlessUndone: true })
      await this.#made(kept, kept.sending, await makeFinal(record.session, kept, kept.sending, claim))
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

  /** From now on the email that is sent is the version of the draft at the mail server. */
  #made({ revision }: KeptDraft, { messageId }: Sending, emailId: Id): Promise<void> {
    const stored = { emailId, messageId, revision, at: this.#record.now() }
    return this.#record.step(
      'storing',
      { step: 'stored', emailId },
      { kept: { stored, storing: null, maybeSubmitted: [] } }
    )
  }

  async find(kept: DraftInSending): Promise<number> {
    const found = await this.#found(kept)
    if (!found) {
      await this.#record.step('storing', { step: 'waiting' }, kept.sending.undo ? { kept: undoneDraft(kept) } : {})
      return 0
    }
    await this.#made(kept, kept.sending, found.id)
    if (!found.isDraft) {
      // Another device sent it: the mail server is asked what became of it.
      await this.#record.step('stored', { step: 'submitting' })
    }
    return 0
  }

  /** Raises JmapFailure. If another device sent or changed the draft, the search for the email ends. */
  async #found(kept: DraftInSending): ReturnType<typeof findFinal> {
    try {
      return await findFinal(this.#record.session, kept, kept.sending)
    } catch (failure) {
      if (failure instanceof JmapFailure && (failure.code === CHANGED || failure.code === SENT_ELSEWHERE)) {
        await this.#record.step('storing', { step: 'waiting' })
      }
      throw failure
    }
  }

  /** Submits it unless something happened since it was made: other devices see it in Drafts, and an earlier email of this
   * message may have left. */
  async check(kept: DraftInSending): Promise<number> {
    const { sending } = kept
    const { late } = sending
    const emailId = sending.emailId ?? ''
    const { submissions, email } = await submissionStatusOf(this.#record.session, sending, emailId)
    const left = submissions.find((one) => late.includes(one.emailId ?? '') && isSent(one))
    if (left && sending.edited) {
      throw new JmapFailure(LEFT_BEFORE)
    }
    if (left) {
      // The earlier email left. This one becomes the copy in Sent.
      await file(this.#record.session, emailId, 'sent')
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

  async submit({ draft, sending }: DraftInSending): Promise<number> {
    const { session } = this.#record
    const now = this.#record.now()
    const hold = holdOf(sending, now)
    const most = Math.min(this.#mostHeld, mostHeld(session))
    if (hold > most) {
      return this.#holdHere(sending, most)
    }
    const emailId = sending.emailId ?? ''
    const calls = await submitCalls(session, draft, emailId, hold)
    await this.#record.step('stored', { step: 'submitting', submittedAt: now }, { unlessUndone: true })
    this.#asked = 0
    try {
      const where = await submit(session, calls, emailId)
      return await this.#judge({ ...sending, step: 'submitting', submittedAt: now }, where && verdictOf(where))
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
    await this.#record.step('submitting', { step: 'stored', submittedAt: null })
    const most = holdRefused(failure, hold)
    if (most === null) {
      throw failure
    }
    this.#mostHeld = most
    return 0
  }

  /** The mail server does not hold mail that long: this device holds it, while a tab is open. */
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

  /** Finds out whether it was submitted: no response told, or another tab made the request. */
  async look(kept: DraftInSending): Promise<number> {
    const { sending } = kept
    const emailId = sending.emailId ?? ''
    const where = await submissionStatusOf(this.#record.session, sending, emailId)
    const verdict = verdictOf(where)
    if (verdict.is !== 'draft' && verdict.is !== 'gone') {
      return this.#judge(sending, verdict)
    }
    if (sending.step === 'submitting') {
      return this.#unclear()
    }
    const late = [...sending.late, ...(emailId ? [emailId] : [])]
    if (sending.undo) {
      // A new version is stored soon, and this email destroyed, so that the late request finds nothing to send.
      const stored = verdict.is === 'draft' ? outdated(kept.stored) : null
      await this.#record.step('unknown', { step: 'returning' }, { kept: { stored, maybeSubmitted: late } })
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

  /** Takes the step that follows from what the mail server says. */
  async #judge(sending: Sending, verdict: Verdict | null): Promise<number> {
    switch (verdict?.is) {
      case 'sent':
        return this.#submitted(sending, verdict.submission)
      case 'refused':
        await this.#record.step(
          sending.step,
          { step: 'returning', submissionId: verdict.submission.id },
          { kept: { refusal: nobodyGot(verdict.submission) } }
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
    const { submittedAt } = sending
    // A submission by another device is not held for this one. One whose id is unknown cannot be canceled.
    const held = submittedAt === null ? { holdFor: 0, leaveAt: null, submittedAt: this.#record.now() } : {}
    await this.#record.step(sending.step, { step: 'held', submissionId: submission?.id || null, again: false, ...held })
    this.#record.session.tell('wrote', true)
    return 0
  }
}

/** A late request may still make the email: so the storing of the draft looks for it, and then makes a new version. */
function undoneDraft({ revision, stored, sending: { messageId, since } }: DraftInSending): Partial<KeptDraft> {
  const storing = { messageId, revision, ...(since !== undefined && { since }) }
  return { storing, stored: outdated(stored) }
}
