/**
 * All messages that are being sent. One tab of this browser sends each of them; after a reload another one may continue. A
 * lock for each message makes the other tabs wait until that tab is done or gone. Sending is safe without locks, too: only
 * the tab that owns the record of a message takes its next step (sending-record.ts). So a visible tab can take a message
 * over from a frozen one: a request of the frozen tab counts as one without a response, and it makes no further one.
 */
import { heldBefore, isHeld, isIdle, nextOf, undoneUntil, type Held } from '#lib/writing/domain/sending.ts'
import { newlyKept, type KeptDraft, type Parent, type Recipient, type Sending } from '#lib/writing/domain/draft.ts'
import type { Id } from '#lib/jmap/types.ts'
import type { OneTab } from '#lib/live/one-tab.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import { missingFor } from './sending-failure.ts'
import { SendingRun } from './sending-run.ts'
import type { Drafts } from './drafts.ts'
import type { EndStoring } from './submit-steps.ts'
import { noteHeld } from '#lib/sync/held-emails.ts'
import { beginSending } from './sending-start.ts'

/** Milliseconds after which a visible tab takes over what another one, which may be frozen, did not continue. */
const PATIENCE = 15_000
/** Milliseconds for which the others wait for the tab in which the person sent it: that one tells what became of it. */
const HEAD_START = 1_000
/** Milliseconds. No tab pauses longer than that: if a pause seems longer, the clock was set back. */
const LONGEST_PAUSE = 120_000

export interface Outgoing {
  /** of the draft */
  readonly id: string
  readonly emailId: Id | null
  readonly to: readonly Recipient[]
  readonly subject: string
  /** when it leaves, and its sending cannot be undone any more */
  readonly at: Date
  /** this tab, if it must stay open until then; the connection or the session, if that is missing; null: nothing */
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
  /** Its window must be opened again: it was not sent, or nobody knows whether it was. */
  onfailed: (id: string, trouble: Trouble) => void = () => undefined
  /** Its sending was undone, but nobody waits for `undo` any more. */
  onreturned: (id: string) => void = () => undefined
  /** Marks the message that it replies to or forwards (RFC 8621 §4.1.1), as an action that survives a reload. */
  onanswered: (parent: Parent & { readonly emailId: Id }) => unknown = () => undefined
  readonly #session: Session
  readonly #drafts: Drafts
  readonly #endStoring: EndStoring
  readonly #runs = new Map<string, SendingRun>()
  /** ids of those for whose lock this tab waits, or which it sends */
  readonly #attended = new Map<string, OneTab>()
  readonly #undoing = new Map<string, Undoing>()
  readonly #ends: (() => void)[]
  #callOff: () => void = () => undefined
  #stopped = false

  constructor(session: Session, drafts: Drafts, endStoring: EndStoring) {
    this.#session = session
    this.#drafts = drafts
    this.#endStoring = endStoring
    this.#ends = [
      drafts.listen((id, kept, byAnotherTab) => this.#heard(id, kept, byAnotherTab)),
      session.ports.onReturn(() => this.#wakeAll()),
      session.on('connection', () => this.#connectionChanged())
    ]
    this.#watch()
  }

  /** Resolves once this device has recorded that it is to be sent. */
  async send(id: string, options: { readonly at?: Date } = {}): Promise<void> {
    await beginSending(this.#session, this.#drafts, id, options)
    this.#attend(id)
  }

  /** Keeps on this device what another one sent and the mail server holds, so that the sending can be undone here. */
  async adopt({ draft, stored }: Pick<KeptDraft, 'draft' | 'stored'>, held: Held): Promise<string> {
    const { ports } = this.#session
    const [id, now, owner] = [ports.unique(), ports.now(), this.#drafts.tab]
    const sending = heldBefore(held, stored?.messageId ?? '', owner, now)
    const kept = { ...newlyKept(id, draft, { writer: owner, now }), revision: 1, closed: true }
    this.#drafts.open({ ...kept, stored: stored && { ...stored, revision: 1 }, sending })
    await this.#drafts.update(id, (found) => found)
    return id
  }

  /** Continues, at the start of this tab, with all messages that are being sent. */
  resume(): void {
    this.#drafts.all().forEach(({ id, sending }) => sending && this.#attend(id))
  }

  /** Sends it once more though nobody knows whether it left. */
  async sendAgain(id: string): Promise<void> {
    await this.#decide(id, { again: true })
  }

  /** Keeps as a draft what may have left. */
  async keepDraft(id: string): Promise<void> {
    await this.#decide(id, { undo: true })
  }

  /** Resolves to true once it is a draft again, to false if it is too late. Rejects with a Trouble if it fails for now. */
  async undo(id: string): Promise<boolean> {
    if (!this.#drafts.get(id)?.sending) return this.#drafts.get(id) !== undefined
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    await this.#decide(id, { undo: true })
    this.#undoing.set(id, { resolve, reject })
    this.#tellUndone(id, this.#drafts.get(id) ?? null)
    return promise
  }

  /** Records what the person wants, and makes this tab the owner: no other tab may make a request in between. */
  async #decide(id: string, decision: Partial<Pick<Sending, 'undo' | 'again'>>): Promise<void> {
    const owner = this.#drafts.tab
    await this.#drafts.update(id, (kept) =>
      kept.sending ? { ...kept, sending: { ...kept.sending, ...decision, owner } } : kept
    )
    if (!this.#runs.has(id)) this.#attend(id, true)
    this.#runs.get(id)?.wake()
  }

  /** Why it waits. */
  troubleOf(id: string): Trouble | null {
    return this.#runs.get(id)?.trouble ?? null
  }

  get outgoing(): readonly Outgoing[] {
    const now = this.#session.ports.now()
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
      return [{ id, emailId: sending.emailId, to, subject: draft.subject, at, needs, scheduled }]
    })
  }

  /** This tab does not know the trouble of another tab that sends it, but it does know whether there is a connection. */
  #troubleFor(id: string, step: Sending['step']): Trouble | null {
    return this.#runs.get(id)?.trouble ?? (step === 'held' ? null : this.#session.trouble)
  }

  stop(): void {
    this.#stopped = true
    this.#callOff()
    this.#ends.forEach((end) => end())
    this.#attended.forEach((lock) => lock.isMine || lock.release())
    this.#runs.forEach((run) => run.stop())
  }

  /** Sends it as soon as no other tab does; with `steal`, now. */
  #attend(id: string, steal = false): void {
    if (this.#stopped || (!steal && this.#attended.has(id))) {
      return
    }
    this.#attended.get(id)?.release()
    const over = (): void => {
      lock.release()
      if (this.#attended.get(id) === lock) this.#attended.delete(id)
    }
    const lock = this.#drafts.oneTab(id, 'send', over)
    this.#attended.set(id, lock)
    // Without locks nobody can tell whether another tab sends it.
    const isUnlocked = !(steal || (this.#session.ports.locks && this.#drafts.name))
    lock.wait(
      () =>
        this.#run(id, isUnlocked)
          .catch(() => undefined)
          .finally(over),
      steal
    )
  }

  async #run(id: string, isUnlocked: boolean): Promise<void> {
    const sending = this.#drafts.get(id)?.sending
    if (!sending || this.#stopped || this.#runs.has(id) || (isUnlocked && !this.#isAbandoned(sending))) {
      return
    }
    const run = new SendingRun(this.#session, this.#drafts, id, {
      endStoring: this.#endStoring,
      listener: {
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

  /** This tab owns it, or its owner did not continue in time. */
  #isAbandoned({ owner, goesOnAt }: Sending): boolean {
    const overdue = this.#session.ports.now() - goesOnAt
    return owner === this.#drafts.tab || overdue > PATIENCE || overdue < -LONGEST_PAUSE
  }

  /** Looks for messages of frozen tabs: such a tab does not continue, and keeps its locks. */
  #watch(): void {
    this.#callOff = this.#session.ports.after(PATIENCE, () => {
      for (const { id, sending } of this.#drafts.all()) {
        if (sending && !this.#runs.has(id) && !isIdle(sending, this.#session.ports.now())) {
          this.#attend(id, this.#isAbandoned(sending) && this.#session.ports.isVisible())
        }
      }
      this.#watch()
    })
  }

  /** Tells which emails the mail server holds, or will hold in a moment. */
  #noteHeld(): void {
    const now = this.#session.ports.now()
    const held = this.#drafts
      .all()
      .flatMap(({ sending }) => (sending && isHeld(sending, now) ? (sending.emailId ?? []) : []))
    noteHeld(this.#session, 'device', new Set(held))
  }

  #heard(id: string, kept: KeptDraft | null, byAnotherTab: boolean): void {
    this.#noteHeld()
    this.#tellUndone(id, kept)
    if (byAnotherTab && kept?.sending && nextOf(kept.sending, this.#session.ports.now()).do !== 'ask') {
      this.#session.ports.after(HEAD_START, () => this.#attend(id))
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
    if (this.#session.trouble === null) this.#runs.forEach((run) => run.trouble && run.wake())
    this.#drafts.all().forEach(({ id, sending }) => sending && !this.#runs.has(id) && this.onchange(id))
  }
}
