/**
 * The drafts, also while they are sent: in memory, on this device, and in all tabs of this person. They survive a reload, a
 * crash and the end of a session. Only one tab writes the text of a draft (`writer`); any tab may record how far its storing
 * and sending have come.
 */
import type { KeptChange, KeptDrafts } from '#lib/writing/device/drafts.ts'
import type { Draft, KeptDraft } from '#lib/writing/domain/draft.ts'
import { OneTab } from '#lib/live/one-tab.ts'
import type { DraftDevice } from './draft-device.ts'
import { UNSTORED, mergedDraft, newer } from './draft-merging.ts'
import type { Ports } from '#lib/sync/ports.ts'

/** Milliseconds without a key press before the text is written. */
const IDLE = 300
/** Milliseconds after which the text is written though the person still types. */
const LONGEST = 1_000
/** Milliseconds until the next try after a write failed: the person may type nothing more. */
const AGAIN = 10_000

/** null: it is removed. `byAnotherTab`: another tab changed it, and told this one. */
export type DraftListener = (id: string, kept: KeptDraft | null, byAnotherTab: boolean) => void

/** null: it is removed, or there is none. */
export type DraftChange = (kept: KeptDraft) => KeptDraft | null

interface Message {
  readonly id: string
  readonly kept: KeptDraft | null
}

export class Drafts {
  /** the id of this tab as the writer of a draft */
  readonly tab: string
  /** name of the locks and the channel that the tabs of this person share; empty: there are none */
  readonly name: string
  readonly device: DraftDevice
  readonly #ports: Ports
  readonly #drafts = new Map<string, KeptDraft>()
  readonly #timers = new Map<string, () => void>()
  /** when the first change was typed that is not written yet */
  readonly #since = new Map<string, number>()
  readonly #listeners = new Set<DraftListener>()
  /** told of a draft that was made of words which the tab that took the draft over does not have */
  onrescued: (id: string) => void = () => undefined
  /** the revision that this device has; absent if it could not be written */
  readonly #written = new Map<string, number>()
  /** drafts that this tab could not write: what this device has is older */
  readonly #unkept = new Set<string>()
  /** what was typed in this tab and is not written yet */
  readonly #typed = new Map<string, KeptDraft>()
  #channel: BroadcastChannel | null

  constructor(ports: Ports, device: DraftDevice, name: string) {
    this.#ports = ports
    this.device = device
    this.name = name
    device.onreopened = () => this.#writeAnew()
    this.tab = ports.unique()
    this.#channel = (name && ports.channel?.(`${name}-drafts`)) || null
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<Message>) => this.#heard(data))
  }

  /** Reads what this device keeps. Raises what the browser says if it cannot be read. */
  async read(): Promise<void> {
    for (const kept of (await this.store?.all()) ?? []) {
      if (!this.#drafts.has(kept.id)) {
        this.#drafts.set(kept.id, kept)
        this.#written.set(kept.id, kept.revision)
      }
    }
    for (const id of (await this.store?.copied()) ?? []) {
      await this.update(id, (kept) => kept)
    }
  }

  listen(listener: DraftListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  all(): readonly KeptDraft[] {
    return [...this.#drafts.values()]
  }

  get(id: string): KeptDraft | undefined {
    return this.#drafts.get(id)
  }

  isMine(id: string): boolean {
    return this.#drafts.get(id)?.writer === this.tab
  }

  /** Whether this device has its last change. */
  isWritten(id: string): boolean {
    return this.#written.get(id) === this.#drafts.get(id)?.revision
  }

  /** A window was opened. This device keeps nothing of it before the person changes something. */
  open(kept: KeptDraft): void {
    this.#drafts.set(kept.id, kept)
    this.#tell(kept.id, kept, false)
  }

  /** The person types in this tab: the draft is written after a pause. */
  type(id: string, draft: Draft): void {
    const before = this.#drafts.get(id)
    if (!before || before.writer !== this.tab) {
      return
    }
    const now = this.#ports.now()
    const kept = { ...before, draft, revision: before.revision + 1, changedAt: now }
    this.#drafts.set(id, kept)
    this.#typed.set(id, kept)
    const since = this.#since.get(id) ?? now
    this.#callOffWrite(id)
    this.#since.set(id, since)
    // The first change is written at once, so that this device knows of the message from then on.
    const wait = before.revision === 0 ? 0 : Math.min(IDLE, Math.max(0, since + LONGEST - now))
    this.#writeAfter(id, wait)
    this.#tell(id, kept, false)
  }

  /**
   * Changes the current record, whichever tab wrote it, in one transaction. Resolves once this device has the change, so that
   * a request to the mail server is known after a crash. False: the draft is gone, or only this tab has the change, since it
   * could not be written.
   */
  async update(id: string, change: DraftChange): Promise<boolean> {
    this.#callOffWrite(id)
    let isThere = false
    const seen: { lost: readonly KeptDraft[]; typed: KeptDraft | null } = { lost: [], typed: null }
    let next: KeptDraft | null = null
    const apply: KeptChange = (found, copy) => {
      seen.typed = this.#typed.get(id) ?? null
      const merged = mergedDraft(found, copy, {
        tab: this.tab,
        memory: this.#drafts.get(id) ?? null,
        typed: seen.typed,
        isUnkept: this.#unkept.has(id),
        wasWritten: this.#written.has(id)
      })
      seen.lost = merged.lost
      isThere = merged.kept !== null
      next = merged.kept && change(merged.kept)
      return next
    }
    const isKept = await this.device.keep(id, apply)
    if (!isKept) {
      const memory = this.#drafts.get(id)
      isThere = memory !== undefined
      next = memory ? change(memory) : null
    }
    const since = isKept ? typedSince(this.#typed.get(id), seen.typed, next) : null
    this.#noteResult(id, next, isKept)
    for (const lost of since ? [...seen.lost.filter((one) => one !== seen.typed), since] : seen.lost) {
      await this.#rescue(lost)
    }
    return isThere && (isKept || this.store === null)
  }

  /** Changes what the person did not write, also in what is being typed. `change` may be called twice. */
  async amend(id: string, change: (draft: Draft) => Draft): Promise<void> {
    for (const drafts of [this.#drafts, this.#typed]) {
      const kept = drafts.get(id)
      if (kept) {
        drafts.set(id, { ...kept, draft: change(kept.draft) })
      }
    }
    await this.update(id, (kept) => ({ ...kept, draft: change(kept.draft) }))
  }

  async remove(id: string): Promise<void> {
    await this.update(id, () => null)
  }

  /** The page is left, and has no time to read the records: what is not written is copied as this tab has it. */
  leave(): void {
    this.#unwritten().forEach((kept) => this.store?.putOnLeave(kept))
  }

  /** Writes without a pause: a page that is hidden may be ended soon. */
  async writeAll(): Promise<void> {
    this.#unwritten().forEach((kept) => this.store?.putCopy(kept))
    await Promise.all([...this.#typed.keys()].map((id) => this.update(id, (now) => now)))
  }

  /** The lock with which one tab does it: `write` while a window is open, `send` while the draft is sent. */
  oneTab(id: string, purpose: 'write' | 'send', lost?: () => void): OneTab {
    const locks = this.name === '' ? null : this.#ports.locks
    return new OneTab(`${this.name}-${purpose}-${id}`, { ...this.#ports, locks }, lost)
  }

  /** null where the browser keeps nothing */
  get store(): KeptDrafts | null {
    return this.device.store
  }

  /** Drafts whose last change this device may lack. */
  #unwritten(): KeptDraft[] {
    const ids = new Set([...this.#typed.keys(), ...this.#unkept])
    return [...ids].flatMap((id) => this.#drafts.get(id) ?? []).filter(({ sending }) => !sending)
  }

  /** The database was opened anew, and has nothing of what this tab wrote. */
  #writeAnew(): void {
    this.#written.clear()
    for (const id of this.#drafts.keys()) {
      void this.update(id, (kept) => kept)
    }
  }

  /** The page is left. */
  stop(): void {
    const channel = this.#channel
    void this.writeAll().then(() => {
      channel?.close()
      this.#channel = null
    })
  }

  /** Words that the tab which took the draft over does not have become another draft. */
  async #rescue(lost: KeptDraft): Promise<void> {
    const id = this.#ports.unique()
    this.#drafts.set(id, { ...lost, ...UNSTORED, id, writer: this.tab, closed: true, conflict: 'changed' })
    await this.update(id, (kept) => kept)
    this.onrescued(id)
  }

  #noteResult(id: string, next: KeptDraft | null, isKept: boolean): void {
    if (!next) {
      this.#forget(id)
    } else {
      const typed = this.#typed.get(id)
      const isOpen = typed && typed.writer === next.writer && typed.revision > next.revision
      // What was typed while it was written is newer.
      this.#drafts.set(id, isOpen ? newer(next, typed) : next)
      if (isKept) {
        if (!isOpen) {
          this.#typed.delete(id)
        }
        this.#written.set(id, next.revision)
        this.#unkept.delete(id)
        this.#ports.persist()
      } else {
        this.#written.delete(id)
        this.#unkept.add(id)
        if (this.store) {
          this.#writeAfter(id, AGAIN)
        }
      }
    }
    this.#channel?.postMessage({ id, kept: next } satisfies Message)
    this.#tell(id, this.#drafts.get(id) ?? null, false)
  }

  #forget(id: string): void {
    this.#callOffWrite(id)
    this.#drafts.delete(id)
    this.#typed.delete(id)
    this.#written.delete(id)
    this.#unkept.delete(id)
  }

  #heard({ id, kept }: Message): void {
    const memory = this.#drafts.get(id)
    // Nobody else changes a draft of this tab unless it is being sent: the other tab tells what it read.
    const isOlder =
      kept?.writer === this.tab && (kept.revision < (memory?.revision ?? 0) || !(kept.sending ?? memory?.sending))
    const isTaken = kept !== null && kept.writer !== this.tab && this.isMine(id)
    if (this.#typed.has(id) || isOlder || isTaken) {
      // The message may be older than what this tab did: the record is read again.
      void this.update(id, (now) => now)
      return
    }
    if (kept) {
      this.#drafts.set(id, kept)
      this.#written.set(id, kept.revision)
    } else {
      this.#forget(id)
    }
    this.#tell(id, kept, true)
  }

  #writeAfter(id: string, milliseconds: number): void {
    this.#timers.get(id)?.()
    const write = (): void => void this.update(id, (kept) => kept)
    this.#timers.set(id, this.#ports.after(milliseconds, write))
  }

  #callOffWrite(id: string): void {
    this.#timers.get(id)?.()
    this.#timers.delete(id)
    this.#since.delete(id)
  }

  #tell(id: string, kept: KeptDraft | null, byAnotherTab: boolean): void {
    this.#listeners.forEach((listener) => listener(id, kept, byAnotherTab))
  }
}

/** What was typed after the record was read, if the record says that another tab is the writer: the record lacks it. */
function typedSince(now: KeptDraft | undefined, read: KeptDraft | null, next: KeptDraft | null): KeptDraft | null {
  return now && now !== read && now.writer !== next?.writer ? now : null
}
