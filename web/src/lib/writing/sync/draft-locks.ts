/** Which tab writes a draft: the one that holds its lock. Without locks, which need TLS, the tabs ask each other. */
import type { OneTab } from '#lib/live/one-tab.ts'
import type { Drafts } from './drafts.ts'
import type { Ports } from '#lib/sync/ports.ts'

/** Milliseconds in which another tab says that it writes a draft; one that is frozen says nothing. */
const PATIENCE = 200

interface Message {
  readonly asked?: string
  readonly mine?: string
}

export class DraftLocks {
  /** told that another tab took it */
  onlost: (id: string) => void = () => undefined
  readonly #ports: Ports
  readonly #drafts: Drafts
  readonly #locks = new Map<string, OneTab>()
  readonly #taking = new Map<string, Promise<boolean>>()
  readonly #asked = new Map<string, () => void>()
  readonly #channel: BroadcastChannel | null

  constructor(ports: Ports, drafts: Drafts) {
    this.#ports = ports
    this.#drafts = drafts
    const isNeeded = !ports.locks && drafts.name !== ''
    this.#channel = isNeeded ? (ports.channel?.(`${drafts.name}-writers`) ?? null) : null
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<Message>) => this.#heard(data))
  }

  holds(id: string): boolean {
    return this.#locks.get(id)?.isMine ?? false
  }

  /** Take the lock if it is free, and the browser does not refuse it. Resolves to whether this tab has it. With `steal` it is
   * taken from the tab that has it. */
  async hold(id: string, steal = false): Promise<boolean> {
    if (this.holds(id)) return true
    if (steal) return this.#lockOf(id).take(steal)
    // Each request ends the one before: of two at once, one would hear of no other tab, and both would write.
    const taking = this.#taking.get(id) ?? this.#take(id).finally(() => this.#taking.delete(id))
    this.#taking.set(id, taking)
    return taking
  }

  /** Resolves once the other tab has released the lock and this one has it; never if this tab calls `release` before. */
  wait(id: string): Promise<void> {
    return new Promise((resolve) => this.#channel ?? this.#lockOf(id).wait(() => resolve()))
  }

  release(id: string): void {
    this.#locks.get(id)?.release()
    this.#locks.delete(id)
  }

  stop(): void {
    ;[...this.#locks.keys()].forEach((id) => this.release(id))
    this.#channel?.close()
  }

  #lockOf(id: string): OneTab {
    const lock = this.#locks.get(id) ?? this.#drafts.oneTab(id, 'write', () => this.onlost(id))
    this.#locks.set(id, lock)
    return lock
  }

  async #take(id: string): Promise<boolean> {
    if (this.#channel && (await this.#isAnothers(id))) return this.holds(id)
    return this.holds(id) || this.#lockOf(id).take()
  }

  #isAnothers(id: string): Promise<boolean> {
    return new Promise((resolve) => {
      const callOff = this.#ports.after(PATIENCE, () => {
        this.#asked.delete(id)
        resolve(false)
      })
      this.#asked.set(id, () => {
        callOff()
        resolve(true)
      })
      this.#channel?.postMessage({ asked: id } satisfies Message)
    })
  }

  #heard({ asked, mine }: Message): void {
    if (asked !== undefined && this.holds(asked)) {
      this.#channel?.postMessage({ mine: asked } satisfies Message)
    }
    if (mine !== undefined) {
      this.#asked.get(mine)?.()
      this.#asked.delete(mine)
    }
  }
}
