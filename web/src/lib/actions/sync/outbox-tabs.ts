/** Which tab of this browser sends what waits in the outbox: one at a time, until all is sent. */
import { OneTab } from '#lib/live/one-tab.ts'
import type { Ports } from '#lib/sync/ports.ts'

/** Milliseconds after which a visible tab sends itself what another one, which may be frozen, has not sent. */
const PATIENCE = 15_000

export class OutboxTabs {
  readonly #ports: Ports
  readonly #send: () => Promise<void>
  readonly #heard: (message: unknown) => void
  #name = ''
  #channel: BroadcastChannel | null = null
  /** null before it is known whose mail it is, or where the browser keeps nothing: then this tab sends what it did itself */
  #lock: OneTab | null = null
  #stopped = false

  /** `heard` is told what another tab said. */
  constructor(ports: Ports, send: () => Promise<void>, heard: (message: unknown) => void) {
    this.#ports = ports
    this.#send = send
    this.#heard = heard
  }

  /** Once it is known whose mail it is: each person has an outbox of their own. */
  begin(name: string): void {
    if (name === this.#name) {
      return
    }
    this.#name = name
    this.#lock?.release()
    this.#lock = name && this.#ports.locks ? new OneTab(`${name}-outbox`, this.#ports, undefined, PATIENCE) : null
    this.#channel?.close()
    this.#channel = this.#ports.channel?.(`${name}-outbox`) ?? null
    this.#channel?.addEventListener('message', ({ data }) => this.#heard(data))
  }

  say(message: unknown): void {
    this.#channel?.postMessage(message)
  }

  /** No other tab does. It may have been taken from this one while a request was on its way. */
  get maySend(): boolean {
    return this.#lock?.isMine ?? true
  }

  /** Send as soon as no other tab does. It goes on until `done`. */
  wantToSend(): void {
    if (this.maySend) {
      void this.#send()
    } else if (!this.#stopped && !this.#lock?.isWanted) {
      this.#lock?.wait(() => void this.#send())
    }
  }

  /** All is sent: another tab may look whether something is left. */
  done(): void {
    if (this.#lock?.isMine) this.#lock.release()
  }

  stop(): void {
    this.#stopped = true
    this.#lock?.release()
    this.#channel?.close()
    this.#channel = null
  }
}
