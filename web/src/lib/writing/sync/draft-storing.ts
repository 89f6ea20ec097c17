/** Stores drafts at the mail server: after a pause, when a window is closed or the page hidden, and again until it succeeds. */
import { JmapFailure } from '#lib/jmap/errors.ts'
import { FILES_GONE, isStored, outdated, type KeptDraft } from '#lib/writing/domain/draft.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import { destroyDrafts, findOut, isWhole, storeVersion } from './draft-version.ts'
import type { Drafts } from './drafts.ts'
import { Task } from '#lib/sync/task.ts'

/** Milliseconds without a key press before a draft is stored; longer with large files, which each version copies. */
const IDLE = 3_000
const LONG_IDLE = 45_000
/** octets of all files */
const LARGE = 1_000_000
/** Milliseconds in which discarding can be undone: longer than a notice is shown. */
const DISCARD_AFTER = 10_000
/** How often the same files are uploaded again because the mail server says that it does not have them. */
const MOST_LOSSES = 3

interface Work {
  readonly task: Task
  callOff: () => void
  /** how often the mail server said that it lacks files, since it last had all of them */
  losses: number
}

export class DraftStoring {
  /** told when what is known of the storing of a draft changed */
  onchange: (id: string) => void = () => undefined
  /** told that there is nothing more to do for a draft whose window is closed */
  ondone: (id: string) => void = () => undefined
  /** told that the mail server lacks some of its files; resolves once it is known which ones are uploaded again */
  onfilesgone: (id: string, said: string) => Promise<void> = () => Promise.resolve()
  /** told that a version was stored; its parts have other blob ids than the files that were uploaded */
  onstored: (kept: KeptDraft) => Promise<void> = () => Promise.resolve()
  readonly #session: Session
  readonly #drafts: Drafts
  readonly #works = new Map<string, Work>()
  readonly #ends: readonly (() => void)[]
  #wasTroubled = false

  constructor(session: Session, drafts: Drafts) {
    this.#session = session
    this.#drafts = drafts
    const { ports } = session
    this.#ends = [
      ports.onReturn(() => this.#tryAll()),
      ports.onHide(() => this.storeAll()),
      ports.onLeave(() => this.storeAll()),
      session.on('connection', () => this.#connectionChanged())
    ]
  }

  /** It was changed: it is stored after a pause. */
  storeSoon(id: string): void {
    const size = this.#drafts.get(id)?.draft.files.reduce((sum, file) => sum + file.size, 0) ?? 0
    this.#after(id, size > LARGE ? LONG_IDLE : IDLE)
  }

  /** Its window lost the focus or is closed: it is stored without a pause. */
  storeNow(id: string): void {
    const { task, callOff } = this.#workOf(id)
    callOff()
    void task.run()
  }

  /** It was discarded: its stored version is destroyed once the discarding cannot be undone any more. */
  discard(id: string): void {
    this.#after(id, DISCARD_AFTER)
  }

  storeAll(): void {
    for (const [id, work] of this.#works) {
      const kept = this.#drafts.get(id)
      if (kept && isDue(kept) && !work.task.running) {
        this.storeNow(id)
      }
    }
  }

  troubleOf(id: string): Trouble | null {
    return this.#works.get(id)?.task.trouble ?? null
  }

  /**
   * Ends the storing of a draft, since the email that is sent is about to be made of it. Returns the draft once no request
   * is open any more; null if it is gone. Raises JmapFailure if nobody can tell what became of the last version.
   */
  async end(id: string): Promise<KeptDraft | null> {
    const work = this.#works.get(id)
    this.#works.delete(id)
    work?.callOff()
    work?.task.stop()
    if (work?.task.running) {
      await work.task.ended
    }
    const kept = this.#drafts.get(id)
    if (kept?.storing) {
      await this.#session.connected()
      await findOut(this.#session, this.#drafts, kept)
    }
    return this.#drafts.get(id) ?? null
  }

  forget(id: string): void {
    const work = this.#works.get(id)
    work?.callOff()
    work?.task.stop()
    this.#works.delete(id)
  }

  stop(): void {
    this.#ends.forEach((end) => end())
    ;[...this.#works.keys()].forEach((id) => this.forget(id))
  }

  #workOf(id: string): Work {
    let work = this.#works.get(id)
    if (!work) {
      const task = new Task(
        this.#session.ports,
        () => this.#store(id),
        () => this.onchange(id)
      )
      work = { task, callOff: () => undefined, losses: 0 }
      this.#works.set(id, work)
    }
    return work
  }

  #after(id: string, milliseconds: number): void {
    const work = this.#workOf(id)
    work.callOff()
    work.callOff = this.#session.ports.after(milliseconds, () => void work.task.run())
  }

  async #store(id: string): Promise<void> {
    const before = this.#drafts.get(id)
    if (!before || before.writer !== this.#drafts.tab) {
      return
    }
    await this.#session.connected()
    if (before.discardedAt !== null) {
      await this.#destroy(before)
      return
    }
    try {
      await storeVersion(this.#session, this.#drafts, id)
    } catch (failure) {
      const work = this.#workOf(id)
      work.losses += 1
      // Without a limit, they would be uploaded for ever to a mail server that never finds them.
      if (!(failure instanceof JmapFailure && failure.code === FILES_GONE) || work.losses > MOST_LOSSES) {
        throw failure
      }
      // It is stored without them, and with them once they are uploaded anew.
      await this.onfilesgone(id, failure.detail ?? '')
      this.storeSoon(id)
      return
    }
    await this.#stored(id, before)
  }

  async #stored(id: string, before: KeptDraft): Promise<void> {
    const kept = this.#drafts.get(id)
    if (!kept || kept.sending || kept.discardedAt !== null) {
      return
    }
    if (kept.stored && kept.stored.emailId !== before.stored?.emailId) {
      this.#session.tell('wrote', false)
      await this.onstored(kept)
    }
    const now = this.#drafts.get(id)
    if (now && isWhole(now)) {
      this.#workOf(id).losses = 0
      await (now.closed && this.#leave(id))
    }
  }

  /** Nobody writes it any more, and the mail server has all of it. */
  async #leave(id: string): Promise<void> {
    const isOver = (kept: KeptDraft): boolean => kept.closed && isWhole(kept) && !kept.sending
    // Why it was not sent is told until the person has opened it again.
    await this.#drafts.update(id, (kept) => (isOver(kept) && !kept.refusal ? null : kept))
    const left = this.#drafts.get(id)
    if (!left || isOver(left)) {
      this.ondone(id)
    }
  }

  async #destroy(kept: KeptDraft): Promise<void> {
    if (kept.storing) {
      await findOut(this.#session, this.#drafts, kept)
    }
    await this.#drafts.update(kept.id, withOutdatedVersion)
    const now = this.#drafts.get(kept.id)
    if (now?.discardedAt == null) {
      return
    }
    if (now.stored) {
      await destroyDrafts(this.#session, [now.stored.emailId])
      this.#session.tell('wrote', false)
    }
    await this.#drafts.update(kept.id, (found) => {
      // Taken back meanwhile, it may be stored anew.
      const isSame = found.stored?.emailId === now.stored?.emailId
      return isSame ? (found.discardedAt === null ? { ...found, stored: null } : null) : found
    })
    this.ondone(kept.id)
  }

  #connectionChanged(): void {
    const isTroubled = this.#session.trouble !== null
    if (this.#wasTroubled && !isTroubled) {
      this.#tryAll()
    }
    this.#wasTroubled = isTroubled
  }

  /** The network is back, or the person signed in again. */
  #tryAll(): void {
    for (const { task } of this.#works.values()) {
      if (task.trouble) {
        void task.tryNow()
      }
    }
  }
}

/** Its version may be destroyed from now on. If the discarding is undone, it is stored again, whatever the request did. */
function withOutdatedVersion(kept: KeptDraft): KeptDraft {
  const { stored, discardedAt } = kept
  return discardedAt === null ? kept : { ...kept, stored: outdated(stored) }
}

function isDue(kept: KeptDraft): boolean {
  return kept.sending === null && (kept.discardedAt !== null || (kept.revision > 0 && !isStored(kept)))
}
