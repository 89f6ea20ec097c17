/** Keeps the account current: by live hints, when the tab is shown again, and by asking now and then. */
import { Live, type LiveMessage, type LiveStatus } from '#lib/live/live.ts'
import type { Account } from './account.ts'

/** The number of the format of messages between tabs: old and new code never talk. */
const FORMAT = 1

/** Milliseconds between questions while no live events arrive, and while they do: what other devices changed is not
 * announced, only new mail. */
const WITHOUT_LIVE = 60_000
const WITH_LIVE = 300_000

export class LiveConnection {
  /** that of /api/me, while the mailbox is not ready */
  preparing: unknown = null
  signedOut = false
  readonly #account: Account
  #live: Live | null = null
  #callOff: (() => void) | null = null
  readonly #endReturn: () => void

  constructor(account: Account) {
    this.#account = account
    this.#endReturn = account.ports.onReturn(() => this.#returned())
  }

  get status(): LiveStatus {
    return this.#live?.status ?? { state: 'connecting', since: null, trouble: null }
  }

  /** Once it is known whose account it is: each has its own connection. */
  start(owner: string): void {
    this.#live ??= new Live(`postroom-live-${FORMAT}-${owner}`, this.#account.ports, (message) => this.#take(message))
    this.#live.start()
    this.#askLater()
  }

  /** Signed out: nothing more is asked until somebody signs in, which makes everything anew. */
  get isOver(): boolean {
    return this.signedOut || this.#account.sync.trouble?.code === 'no_session'
  }

  tryNow(): void {
    this.#live?.tryNow()
    this.#account.tryNow()
  }

  stop(): void {
    this.#live?.stop()
    this.#callOff?.()
    this.#endReturn()
  }

  #take(message: LiveMessage): void {
    if (message.kind === 'hint') {
      this.#hint()
    } else if (message.kind === 'preparing') {
      this.preparing = message.mailbox
    } else if (message.kind === 'signed-out') {
      this.signedOut = true
      // The list is asked for once more, and says so beside what it shows.
      void this.#account.hint()
    } else if (message.status.state === 'live') {
      this.preparing = null
    }
    this.#account.tell('connection', 'account')
  }

  /** A hidden tab asks when it is shown. */
  #hint(): void {
    if (this.#account.ports.isVisible() && !this.isOver) {
      void this.#account.hint()
    }
  }

  /** Also if nothing was announced: a tab that was frozen heard nothing. */
  #returned(): void {
    if (this.status.state !== 'live') {
      this.#live?.tryNow()
    }
    this.#hint()
  }

  #askLater(): void {
    const pause = this.status.state === 'live' ? WITH_LIVE : WITHOUT_LIVE
    this.#callOff = this.#account.ports.after(pause, () => {
      this.#hint()
      if (!this.isOver) {
        this.#askLater()
      }
    })
  }
}
