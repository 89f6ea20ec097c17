/** Which tab of this browser sends what waits in the outbox: one at a time, until all is sent. */
import { REFUSED } from '#lib/live/pause.ts'
import type { Ports } from './ports.ts'

/** Milliseconds after which a visible tab sends itself what another one, which may be frozen, has not sent. */
const PATIENCE = 15_000

export interface Sending {
  send: () => Promise<void>
  /** what another tab said */
  heard: (message: unknown) => void
}

export class OutboxTabs {
  readonly #ports: Ports
  readonly #sending: Sending
  readonly #stop = new AbortController()
  #name = ''
  #channel: BroadcastChannel | null = null
  #isMine = false
  #isWanted = false
  #release: () => void = () => undefined
  #callOff: () => void = () => undefined

  constructor(ports: Ports, sending: Sending) {
    this.#ports = ports
    this.#sending = sending
  }

  /** Once it is known whose mail it is: each person has an outbox of their own. */
  begin(name: string): void {
    if (name === this.#name) {
      return
    }
    this.#name = name
    this.#channel?.close()
    this.#channel = this.#ports.channel?.(`${name}-outbox`) ?? null
    this.#channel?.addEventListener('message', ({ data }) => this.#sending.heard(data))
  }

  say(message: unknown): void {
    this.#channel?.postMessage(message)
  }

  /** No other tab does. It may have been taken from this one while a request was on its way. */
  get maySend(): boolean {
    return this.#isMine || !this.#ports.locks || this.#name === ''
  }

  /** Send as soon as no other tab does. It goes on until `done`. */
  wantToSend(): void {
    if (this.maySend) {
      void this.#sending.send()
      return
    }
    if (!this.#isWanted) {
      this.#isWanted = true
      void this.#hold({ signal: this.#stop.signal })
      this.#watch()
    }
  }

  /** All is sent: another tab may look whether something is left. */
  done(): void {
    this.#release()
  }

  stop(): void {
    this.#stop.abort()
    this.#callOff()
    this.#release()
    this.#channel?.close()
    this.#channel = null
  }

  #watch(): void {
    this.#callOff()
    this.#callOff = this.#ports.after(PATIENCE, () => {
      if (this.#isMine || !this.#isWanted) {
        return
      }
      if (this.#ports.isVisible()) {
        void this.#hold({ steal: true })
      }
      this.#watch()
    })
  }

  async #hold(options: LockOptions): Promise<void> {
    let isGiven = false as boolean
    try {
      await this.#ports.locks?.request(`${this.#name}-outbox`, options, async () => {
        this.#callOff()
        isGiven = true
        this.#isMine = true
        const { promise, resolve } = Promise.withResolvers<undefined>()
        this.#release = () => resolve(undefined)
        void this.#sending.send()
        await promise
      })
    } catch {
      // AbortError: a visible tab took it, or the page is left. A browser that keeps the page may bring it back.
      if (!isGiven && !this.#stop.signal.aborted) this.#ports.after(REFUSED, () => this.wantToSend())
    } finally {
      this.#isMine = false
      this.#isWanted = false
    }
  }
}
