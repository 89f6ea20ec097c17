/**
 * All messages on their way: one tab of this browser sends each of them, whichever is there, also after a reload. A lock
 * for each keeps the others waiting until that tab is done or gone; what it does is safe without one, too: each step is
 * taken only by the tab that owns it (sending-record.ts). So a tab that the person sees takes one up from a tab that is
 * frozen: what that one asked for before counts as a request without a response, and it asks for nothing after.
 */
import { heldBefore, isHeld, isIdle, nextOf, undoneUntil, type Held } from '#lib/compose/departure.ts'
import { newlyKept, type KeptDraft, type Parent, type Recipient, type Sending } from '#lib/compose/draft.ts'
import type { Id } from '#lib/jmap/types.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Account } from './account.ts'
import { missingFor } from './departure-failure.ts'
import { Departing } from './departing.ts'
import type { Drafts } from './drafts.ts'
import type { Settle } from './handover.ts'
import { noteHeld } from './held-emails.ts'
import { beginSending } from './sending-start.ts'

/** Milliseconds after which a visible tab takes up what another one, which may be frozen, has not gone on with. */
const PATIENCE = 15_000
/** Milliseconds that a tab leaves to the one in which the person sent it: that one tells what became of it. */
const HEAD_START = 1_000
/** Milliseconds. No tab means to go on later than that: the clock was set back. */
const LONGEST_PAUSE = 120_000

export interface DepartureFacts {
  /** of the draft */
  readonly id: string
  readonly emailId: Id | null
  readonly to: readonly Recipient[]
  /** when it leaves, and cannot be taken back any more */
  readonly at: Date
  /** what must go on until then: this tab; or what is away: the connection, the session; null: the mail server holds it */
  readonly needs: 'tab' | 'connection' | 'session' | null
  readonly scheduled: boolean
}

interface Undoing {
  readonly resolve: (isBack: boolean) => void
  readonly reject: (trouble: Trouble) => void
}

export class Sendings {
  onchange: (id: string) => void = () => undefined
  /** It has left. */
  onsent: (id: string, draft: KeptDraft['draft']) => void = () => undefined
  /** Its window must be opened again: it was not sent, or nobody knows. */
  onfailed: (id: string, trouble: Trouble) => void = () => undefined
  /** It was taken back, later than `undo` waited for it. */
  onreturned: (id: string) => void = () => undefined
  /** The message that it replies to or forwards is marked (RFC 8621 §4.1.1), as an action that survives a reload. */
  onanswered: (parent: Parent & { readonly emailId: Id }) => unknown = () => undefined
  readonly #account: Account
  readonly #drafts: Drafts
  readonly #settle: Settle
  readonly #runs = new Map<string, Departing>()
  /** those for which this tab waits, or which it sends */
  readonly #attended = new Map<string, AbortController>()
  readonly #undoing = new Map<string, Undoing>()
  readonly #ends: (() => void)[]
  #callOff: () => void = () => undefined
  #stopped = false

  constructor(account: Account, drafts: Drafts, settle: Settle) {
    this.#account = account
    this.#drafts = drafts
    this.#settle = settle
    this.#ends = [
      drafts.listen((id, kept, byAnotherTab) => this.#heard(id, kept, byAnotherTab)),
      account.ports.onReturn(() => this.#wakeAll()),
      account.listen((topic) => topic === 'connection' && this.#connectionChanged())
    ]
    this.#watch()
  }

  /** Resolves once this device knows that it is to be sent. */
  async send(id: string, options: { readonly at?: Date } = {}): Promise<void> {
    await beginSending(this.#account, this.#drafts, id, options)
    this.#attend(id)
  }

  /** What another device sent, and the mail server holds, is kept by this one from now on: it can be taken back. */
  async adopt({ draft, stored }: Pick<KeptDraft, 'draft' | 'stored'>, held: Held): Promise<string> {
    const { ports } = this.#account
    const [id, now, owner] = [ports.unique(), ports.now(), this.#drafts.tab]
    const sending = heldBefore(held, stored?.messageId ?? '', owner, now)
    const kept = { ...newlyKept(id, draft, { writer: owner, now }), revision: 1, closed: true }
    this.#drafts.open({ ...kept, stored: stored && { ...stored, revision: 1 }, sending })
    await this.#drafts.update(id, (found) => found)
    return id
  }

  /** At the start of this tab: whatever is on its way. */
  resume(): void {
    this.#drafts.all().forEach(({ id, sending }) => sending && this.#attend(id))
  }

  /** Though nobody knows whether it left. */
  async sendAgain(id: string): Promise<void> {
    await this.#decide(id, { again: true })
  }

  /** Keep as a draft what may have left: nobody knows. */
  async keepDraft(id: string): Promise<void> {
    await this.#decide(id, { undo: true })
  }

  /** Resolves to true once it is a draft again, to false if it is too late. Rejects with a Trouble if nobody can tell now. */
  async undo(id: string): Promise<boolean> {
    if (!this.#drafts.get(id)?.sending) return this.#drafts.get(id) !== undefined
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    await this.#decide(id, { undo: true })
    this.#undoing.set(id, { resolve, reject })
    this.#tellUndone(id, this.#drafts.get(id) ?? null)
    return promise
  }

  /** What the person wants, of what is done by this tab from now on: no request of another one may come between. */
  async #decide(id: string, decision: Partial<Pick<Sending, 'undo' | 'again'>>): Promise<void> {
    const owner = this.#drafts.tab
    await this.#drafts.update(id, (kept) =>
      kept.sending ? { ...kept, sending: { ...kept.sending, ...decision, owner } } : kept
    )
    if (!this.#runs.has(id)) this.#attend(id, true)
    this.#runs.get(id)?.wake()
  }

  statusOf(id: string): 'writing' | 'waiting' | 'sending' | 'unknown' {
    const sending = this.#drafts.get(id)?.sending
    if (!sending) {
      return 'writing'
    }
    return sending.step === 'unknown' && !sending.again
      ? 'unknown'
      : this.#runs.get(id)?.trouble
        ? 'waiting'
        : 'sending'
  }

  /** Why it waits. */
  troubleOf(id: string): Trouble | null {
    return this.#runs.get(id)?.trouble ?? null
  }

  get departures(): readonly DepartureFacts[] {
    const now = this.#account.ports.now()
    return this.#drafts.all().flatMap(({ id, draft, sending }) => {
      const until = sending && undoneUntil(sending, now)
      if (!sending || until === null || sending.step === 'unknown' || (sending.step === 'held' && until <= now)) {
        return []
      }
      const trouble = this.#troubleFor(id, sending.step)
      const needs = trouble ? missingFor(trouble) : sending.holdFor > 0 ? null : 'tab'
      const to = [...draft.to, ...draft.cc, ...draft.bcc]
      const scheduled = sending.leaveAt !== null
      const at = new Date(sending.leaveAt ?? until)
      return [{ id, emailId: sending.emailId, to, at, needs, scheduled }]
    })
  }

  /** The troubles of another tab that is at it are not known here, nor those of a request without a response yet; whether
   * this tab has a connection is. */
  #troubleFor(id: string, step: Sending['step']): Trouble | null {
    return this.#runs.get(id)?.trouble ?? (step === 'held' ? null : this.#account.sync.trouble)
  }

  stop(): void {
    this.#stopped = true
    this.#callOff()
    this.#ends.forEach((end) => end())
    this.#attended.forEach((ends) => ends.abort())
    this.#runs.forEach((run) => run.stop())
  }

  /** Send it as soon as no other tab does; with `steal`, now. */
  #attend(id: string, steal = false): void {
    if (this.#stopped || (!steal && this.#attended.has(id))) {
      return
    }
    this.#attended.get(id)?.abort()
    const ends = new AbortController()
    this.#attended.set(id, ends)
    const options = steal ? { steal } : { signal: ends.signal }
    this.#drafts
      .alone(id, 'send', options, (lock) => this.#run(id, lock === 'no locks' && !steal))
      // AbortError: a visible tab took it, or the page is left.
      .catch(() => undefined)
      .finally(() => {
        if (this.#attended.get(id) === ends) {
          this.#attended.delete(id)
        }
      })
  }

  async #run(id: string, isUnlocked: boolean): Promise<void> {
    const sending = this.#drafts.get(id)?.sending
    // Without locks nobody can tell whether another tab is at it.
    if (!sending || this.#stopped || this.#runs.has(id) || (isUnlocked && !this.#isLeft(sending))) {
      return
    }
    const run = new Departing(this.#account, this.#drafts, id, {
      settle: this.#settle,
      told: {
        changed: (which) => this.onchange(which),
        sent: (kept) => this.#sent(kept),
        ended: (which, trouble) => this.#ended(which, trouble),
        notUndone: (which, trouble) => this.#notUndone(which, trouble)
      }
    })
    this.#runs.set(id, run)
    await run.run().finally(() => this.#runs.delete(id))
    this.onchange(id)
  }

  /** Nobody is at it, as it seems, or this tab is. */
  #isLeft({ owner, goesOnAt }: Sending): boolean {
    const late = this.#account.ports.now() - goesOnAt
    return owner === this.#drafts.tab || late > PATIENCE || late < -LONGEST_PAUSE
  }

  /** A tab that is frozen goes on with nothing, and keeps its locks. */
  #watch(): void {
    this.#callOff = this.#account.ports.after(PATIENCE, () => {
      for (const { id, sending } of this.#drafts.all()) {
        if (sending && !this.#runs.has(id) && !isIdle(sending, this.#account.ports.now())) {
          this.#attend(id, this.#isLeft(sending) && this.#account.ports.isVisible())
        }
      }
      this.#watch()
    })
  }

  /** What the mail server holds, or will in a moment. */
  #noteHeld(): void {
    const now = this.#account.ports.now()
    const held = this.#drafts
      .all()
      .flatMap(({ sending }) => (sending && isHeld(sending, now) ? (sending.emailId ?? []) : []))
    noteHeld(this.#account, 'device', new Set(held))
  }

  #heard(id: string, kept: KeptDraft | null, byAnotherTab: boolean): void {
    this.#noteHeld()
    this.#tellUndone(id, kept)
    if (byAnotherTab && kept?.sending && nextOf(kept.sending, this.#account.ports.now()).do !== 'ask') {
      this.#account.ports.after(HEAD_START, () => this.#attend(id))
    }
    if (byAnotherTab) {
      this.#runs.get(id)?.wake()
      this.onchange(id)
    }
  }

  #tellUndone(id: string, kept: KeptDraft | null): void {
    const undoing = this.#undoing.get(id)
    const sending = kept?.sending
    const isOver = !sending || (sending.step === 'held' && !sending.undo)
    if (undoing && isOver && (sending || !this.#runs.has(id))) {
      this.#undoing.delete(id)
      undoing.resolve(kept !== null && !sending)
    }
  }

  async #sent({ id, draft }: KeptDraft): Promise<void> {
    if (draft.parent && draft.parent.emailId !== null) {
      await this.onanswered({ ...draft.parent, emailId: draft.parent.emailId })
    }
    this.#undoing.get(id)?.resolve(false)
    this.#undoing.delete(id)
    this.onsent(id, draft)
  }

  #ended(id: string, trouble: Trouble | null): void {
    const undoing = this.#undoing.get(id)
    this.#undoing.delete(id)
    if (trouble) {
      undoing?.resolve(true)
      this.onfailed(id, trouble)
    } else if (undoing) {
      undoing.resolve(true)
    } else {
      this.onreturned(id)
    }
  }

  #notUndone(id: string, trouble: Trouble): void {
    this.#undoing.get(id)?.reject(trouble)
    this.#undoing.delete(id)
  }

  #wakeAll(): void {
    this.#runs.forEach((run) => run.wake())
  }

  #connectionChanged(): void {
    if (this.#account.sync.trouble === null) this.#runs.forEach((run) => run.trouble && run.wake())
    this.#drafts.all().forEach(({ id, sending }) => sending && !this.#runs.has(id) && this.onchange(id))
  }
}
