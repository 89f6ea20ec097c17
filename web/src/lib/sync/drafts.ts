/**
 * The messages that are being written or sent: in memory, on this device, and in all tabs of this person. They outlive a
 * reload, a crash and the end of a session.
 */
import type { KeptDraft } from '#lib/compose/draft.ts'
import type { KeptDrafts } from '#lib/cache/drafts.ts'
import type { Ports } from './ports.ts'

/** Milliseconds without a key before the text is written. */
const REST = 300

/** null: it is removed. `elsewhere`: another tab says so. */
export type DraftListener = (id: string, kept: KeptDraft | null, elsewhere: boolean) => void

interface Message {
  readonly id: string
  readonly kept: KeptDraft | null
}

export class Drafts {
  readonly #ports: Ports
  readonly #store: KeptDrafts | null
  readonly #name: string
  readonly #drafts = new Map<string, KeptDraft>()
  readonly #resting = new Map<string, () => void>()
  readonly #listeners = new Set<DraftListener>()
  /** what this device has of it: the revision; it is missing if it could not be written */
  readonly #written = new Map<string, number>()
  readonly #channel: BroadcastChannel | null

  /** `store`: null where the browser keeps nothing. `name`: of what the tabs of this person share; empty for nothing. */
  constructor(ports: Ports, store: KeptDrafts | null, name: string) {
    this.#ports = ports
    this.#store = store
    this.#name = name
    this.#channel = (name && ports.channel?.(`${name}-drafts`)) || null
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<Message>) => this.#heard(data))
  }

  /** Read what this device kept. Raises what the browser says if it cannot be read. */
  async read(): Promise<void> {
    for (const kept of (await this.#store?.all()) ?? []) {
      if (!this.#drafts.has(kept.id)) {
        this.#drafts.set(kept.id, kept)
        this.#written.set(kept.id, kept.revision)
      }
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

  /** Whether this device has its last change; false: not yet, or it cannot be written. */
  isWritten(id: string): boolean {
    return this.#written.get(id) === this.#drafts.get(id)?.revision
  }

  /** It is being typed: it is written after a rest. */
  type(kept: KeptDraft): void {
    this.#drafts.set(kept.id, kept)
    this.#resting.get(kept.id)?.()
    this.#resting.set(
      kept.id,
      this.#ports.after(REST, () => void this.#write(kept.id))
    )
    this.#tell(kept.id, kept, false)
  }

  /** Resolves once this device has it, to whether it has: what is handed to the mail server must be known after a crash. */
  put(kept: KeptDraft): Promise<boolean> {
    this.#drafts.set(kept.id, kept)
    return this.#write(kept.id)
  }

  async remove(id: string): Promise<void> {
    this.#calm(id)
    this.#drafts.delete(id)
    this.#written.delete(id)
    this.#channel?.postMessage({ id, kept: null } satisfies Message)
    this.#tell(id, null, false)
    // What stays is found at the next start, and its email is looked for before anything is sent.
    await this.#store?.remove(id).catch((failure: unknown) => this.#ports.report(failure))
  }

  /** Do not wait for a rest: the page is being left. */
  writeAll(): void {
    ;[...this.#resting.keys()].forEach((id) => void this.#write(id))
  }

  /**
   * Alone in all tabs, where the browser has locks. `purpose`: `write` is held while a window is open, `send` while it is
   * sent. With `ifAvailable`, `work` is told null if another tab has it; with `steal`, it is taken from that one.
   */
  async alone<T>(
    id: string,
    purpose: 'write' | 'send',
    options: LockOptions,
    work: (lock: Lock | 'no locks' | null) => Promise<T>
  ): Promise<T> {
    const { locks } = this.#ports
    if (!locks || this.#name === '') {
      return work('no locks')
    }
    return (await locks.request(`${this.#name}-${purpose}-${id}`, options, work)) as T
  }

  /** The page is left. */
  stop(): void {
    this.writeAll()
    this.#channel?.close()
  }

  #heard({ id, kept }: Message): void {
    if (!kept) {
      this.#calm(id)
      this.#drafts.delete(id)
      this.#written.delete(id)
    } else {
      this.#drafts.set(id, kept)
      this.#written.set(id, kept.revision)
    }
    this.#tell(id, kept, true)
  }

  #calm(id: string): void {
    this.#resting.get(id)?.()
    this.#resting.delete(id)
  }

  async #write(id: string): Promise<boolean> {
    this.#calm(id)
    const kept = this.#drafts.get(id)
    if (!kept) {
      return false
    }
    this.#channel?.postMessage({ id, kept } satisfies Message)
    const isKept = await this.#keep(kept)
    if (isKept) {
      this.#written.set(id, kept.revision)
    } else {
      this.#written.delete(id)
    }
    this.#tell(id, kept, false)
    return isKept
  }

  async #keep(kept: KeptDraft): Promise<boolean> {
    try {
      await this.#store?.put(kept)
      this.#ports.persist()
      return this.#store !== null
    } catch (failure) {
      this.#ports.report(failure)
      return false
    }
  }

  #tell(id: string, kept: KeptDraft | null, elsewhere: boolean): void {
    this.#listeners.forEach((listener) => listener(id, kept, elsewhere))
  }
}
