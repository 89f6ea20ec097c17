/** The drafts that are open in this tab, from their opening to their end. */
import { isStored, newlyKept, type Draft, type KeptDraft, type StoredVersion } from '#lib/writing/domain/draft.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Engine } from './engine.ts'
import { CompositionFiles } from './composition-files.ts'
import { CompositionState } from './composition.svelte.ts'

/** Milliseconds after which a tab stores what another one closed: that one may be gone. */
const PATIENCE = 15_000

export class Compositions {
  /** by the time at which they were opened */
  #open = $state.raw<readonly CompositionState[]>([])
  readonly #engine: Engine
  #isWatching = false

  constructor(engine: Engine) {
    this.#engine = engine
    engine.locks.onlost = (id) => void this.#follow(id)
  }

  get open(): readonly CompositionState[] {
    return this.#open
  }

  of(id: string): CompositionState | undefined {
    return this.#open.find((composition) => composition.id === id)
  }

  /** The files also of one without a window. */
  filesOf(id: string): CompositionFiles {
    return this.of(id)?.files ?? new CompositionFiles(id, this.#engine, () => undefined)
  }

  /** A new one. */
  async begin(draft: Draft, stored: StoredVersion | null): Promise<CompositionState> {
    const { drafts, locks, session } = this.#engine
    const now = session.ports.now()
    const id = session.ports.unique()
    drafts.open({ ...newlyKept(id, draft, { writer: drafts.tab, now }), stored })
    // Nobody else knows of it.
    await locks.hold(id, true)
    if (stored) {
      // The other tabs know then that it is written here.
      await drafts.update(id, (kept) => kept)
    }
    return this.#add(id)
  }

  /** One that this device keeps: to be written, or to be read while another tab writes it. */
  async show(id: string): Promise<CompositionState> {
    const open = this.of(id)
    if (open) {
      return open
    }
    const isHeld = await this.#engine.locks.hold(id)
    if (!this.#engine.drafts.get(id)) {
      this.#engine.locks.release(id)
      throw new JmapFailure('gone')
    }
    const composition = this.of(id) ?? this.#add(id)
    if (isHeld) {
      await composition.write()
    } else {
      void this.#follow(id)
    }
    return composition
  }

  /** At the start of the page: what was open is open again, and what was left undone goes on, but for what another tab is at. */
  async resume(): Promise<void> {
    const { drafts, locks } = this.#engine
    const all = drafts.all().toSorted((one, other) => one.openedAt - other.openedAt)
    for (const kept of all.filter((one) => one.sending === null && !isRefused(one))) {
      // What a person opened meanwhile waits for its lock already.
      if (!this.of(kept.id) && (await locks.hold(kept.id))) {
        await (isLeft(kept) ? this.#goOn(kept) : (this.of(kept.id) ?? this.#add(kept.id)).write())
      }
    }
    this.#watch()
  }

  /** What the tab that closed it has not stored may be left to this one: that tab is gone. */
  #watch(): void {
    if (this.#isWatching || this.#left().length === 0) {
      return
    }
    this.#isWatching = true
    this.#engine.session.ports.after(PATIENCE, () => {
      this.#isWatching = false
      void this.#takeUp().then(() => this.#watch())
    })
  }

  #left(): KeptDraft[] {
    const { drafts, locks } = this.#engine
    const isOver = ({ closed, discardedAt, sending }: KeptDraft): boolean =>
      (closed || discardedAt !== null) && !sending
    return drafts.all().filter((kept) => isOver(kept) && !isRefused(kept) && !this.of(kept.id) && !locks.holds(kept.id))
  }

  async #takeUp(): Promise<void> {
    for (const { id } of this.#left()) {
      const isHeld = await this.#engine.locks.hold(id)
      const kept = this.#engine.drafts.get(id)
      if (isHeld && kept && isLeft(kept) && !kept.sending) {
        await this.#goOn(kept)
      } else if (isHeld && !this.of(id)) {
        this.#engine.locks.release(id)
      }
    }
  }

  /** One without a window. */
  async store(id: string): Promise<void> {
    await this.#engine.locks.hold(id, true)
    this.#engine.storing.storeNow(id)
  }

  /** The engine has nothing more to do for it. */
  done(id: string): void {
    if (!this.of(id)) {
      this.#engine.locks.release(id)
      this.#engine.storing.forget(id)
    }
  }

  heard(id: string, kept: KeptDraft | null, byAnotherTab: boolean): void {
    if (byAnotherTab) {
      this.#watch()
    }
    const composition = this.of(id)
    if (!composition) {
      return
    }
    const isLeaving = kept?.sending && this.#engine.statusOf(id) !== 'unknown'
    const isEnded = !kept || kept.closed || isLeaving
    if (byAnotherTab && isEnded && !kept?.sending && this.#engine.locks.holds(id)) {
      // Before this tab took it over, perhaps: only the record says so.
      void this.#engine.drafts.update(id, (now) => now)
    } else if (!kept || (byAnotherTab && isEnded)) {
      // Another tab ended it.
      this.#drop(composition)
      this.#engine.locks.release(id)
      this.#engine.storing.forget(id)
    } else if (composition.wasHere && composition.elsewhere && this.#engine.locks.holds(id)) {
      // Only the record says so: a message may have been on its way since before this tab took it over.
      this.#engine.locks.release(id)
      void this.#follow(id)
    }
  }

  /** This tab has its lock now. */
  async took(id: string): Promise<void> {
    const composition = this.of(id)
    if (!composition) {
      // Its window was closed meanwhile.
      this.#engine.locks.release(id)
    }
    await composition?.write()
  }

  /** It is on its way. */
  sent(composition: CompositionState): void {
    this.#drop(composition)
    this.#engine.locks.release(composition.id)
  }

  closed(composition: CompositionState): void {
    const { id, elsewhere } = composition
    this.#drop(composition)
    if (elsewhere) {
      this.#engine.locks.release(id)
    } else if (composition.isUntouched) {
      void this.#remove(id)
    } else {
      void this.#close(composition)
    }
  }

  /** Returns how to undo it, at any time. */
  discarded(composition: CompositionState): () => void {
    const { id } = composition
    const { drafts } = this.#engine
    const before = drafts.get(id)
    this.#drop(composition)
    if (!before || before.writer !== drafts.tab) {
      this.#engine.locks.release(id)
      return () => undefined
    }
    if (before.sending) {
      return this.#discardUnsent(before)
    }
    this.#discard(id)
    return () => void this.#undiscard(before)
  }

  #discard(id: string): void {
    const { drafts, storing, session } = this.#engine
    const at = session.ports.now()
    // What another tab took over is that one's.
    void drafts.update(id, (kept) => (kept.writer === drafts.tab ? { ...kept, closed: true, discardedAt: at } : kept))
    storing.discard(id)
  }

  /** One that is on its way must not leave. If it has left there is nothing to discard, and that is told. */
  #discardUnsent(before: KeptDraft): () => void {
    const { id } = before
    const state = { isWanted: false, isDiscarded: false }
    const work = async (): Promise<void> => {
      const isBack = await this.#engine.sendings.undo(id)
      state.isDiscarded = isBack && !state.isWanted
      if (state.isDiscarded) {
        this.#discard(id)
      } else if (isBack) {
        await this.show(id)
      }
    }
    // It cannot be undone for now: its window says so.
    work()
      .catch(() => this.show(id))
      .catch(() => undefined)
    return () => {
      state.isWanted = true
      if (state.isDiscarded) {
        void this.#undiscard({ ...before, sending: null })
      }
    }
  }

  #add(id: string): CompositionState {
    const kept = this.#engine.drafts.get(id)
    if (!kept) {
      throw new JmapFailure('gone')
    }
    const composition = new CompositionState(kept, this.#engine, this)
    this.#open = [...this.#open, composition]
    return composition
  }

  #drop(composition: CompositionState): void {
    composition.files.end()
    this.#open = this.#open.filter((other) => other !== composition)
  }

  /** Another tab writes it: go on with it once that one has released its lock. */
  async #follow(id: string): Promise<void> {
    this.of(id)?.changed()
    await this.#engine.locks.wait(id)
    // That tab may be gone before it told what it did last.
    await this.#engine.drafts.update(id, (kept) => kept)
    const composition = this.of(id)
    const kept = this.#engine.drafts.get(id)
    if (composition && kept && !kept.closed) {
      await composition.write()
      return
    }
    if (composition) {
      this.#drop(composition)
    }
    if (kept && !kept.sending) {
      await this.#goOn(kept)
    } else {
      this.#engine.locks.release(id)
    }
  }

  async #goOn({ id, discardedAt }: KeptDraft): Promise<void> {
    const { drafts, storing } = this.#engine
    await drafts.update(id, (kept) => ({ ...kept, writer: drafts.tab }))
    if (discardedAt !== null || drafts.get(id)?.revision !== 0) {
      if (discardedAt === null) {
        this.filesOf(id).resume()
      }
      storing.storeNow(id)
    } else {
      await this.#remove(id)
    }
  }

  async #close({ id }: CompositionState): Promise<void> {
    const { drafts } = this.#engine
    const closed = (kept: KeptDraft): KeptDraft => ({
      ...kept,
      closed: true,
      refusal: kept.refusal?.corrected ? null : kept.refusal
    })
    await drafts.update(id, (kept) => (kept.writer === drafts.tab ? closed(kept) : kept))
    this.#engine.storing.storeNow(id)
  }

  async #remove(id: string): Promise<void> {
    this.#engine.storing.forget(id)
    await this.#engine.drafts.remove(id)
    this.#engine.locks.release(id)
  }

  async #undiscard(before: KeptDraft): Promise<void> {
    const { drafts, locks, storing } = this.#engine
    const { id } = before
    await locks.hold(id)
    storing.forget(id)
    if (!drafts.get(id)) {
      // It was destroyed at the mail server.
      drafts.open({ ...before, stored: null, storing: null, revision: before.revision + 1 })
    }
    const composition = this.of(id) ?? this.#add(id)
    await composition.write()
  }
}

function isLeft({ closed, discardedAt, revision }: KeptDraft): boolean {
  return closed || discardedAt !== null || revision === 0
}

/** Its window is closed, and it is kept for what it tells alone: it was not sent. */
function isRefused(kept: KeptDraft): boolean {
  return kept.closed && kept.discardedAt === null && kept.refusal !== null && isStored(kept)
}
