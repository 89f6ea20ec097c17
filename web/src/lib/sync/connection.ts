/** Keeps the account current: by live hints, when the tab is shown again, and by asking now and then. */
import { VisibleTabs } from '#lib/live/visible.ts'
import { Live, type LiveMessage, type LiveStatus } from '#lib/live/live.ts'
import type { Session } from './session.ts'
import type { SyncLoop } from './sync-loop.ts'

/** The number of the format of messages between tabs: old and new code never talk. */
const FORMAT = 4

/** Milliseconds between questions while no live events arrive, and while they do: of mail, what other devices changed is
 * not announced, only what is new. */
const WITHOUT_LIVE = 60_000
const WITH_LIVE = 300_000

export class LiveConnection {
  /** while the mailbox is not ready */
  preparation: unknown = null
  signedOut = false
  /** unread conversations in the inbox: as they were last known here, or told by another tab */
  unread = 0
  readonly #loop: SyncLoop
  readonly #session: Session
  #owner: string | null = null
  #live: Live | null = null
  #visible: VisibleTabs | null = null
  #callOff: (() => void) | null = null
  /** milliseconds, of the question that is due */
  #asksAfter = 0
  #stopped = false
  readonly #endReturn: () => void

  constructor(loop: SyncLoop) {
    this.#loop = loop
    this.#session = loop.session
    loop.session.on('known', (owner) => this.start(owner))
    this.#endReturn = loop.session.ports.onReturn(() => this.#returned())
  }

  get status(): LiveStatus {
    return this.#live?.status ?? { state: 'connecting', since: null, trouble: null }
  }

  /** This tab has the connection of all tabs, and does what one tab does for all. */
  get leads(): boolean {
    return this.#live?.leads ?? false
  }

  /** The person sees a tab of ours. */
  isSeen(): Promise<boolean> {
    return this.#visible?.any() ?? Promise.resolve(this.#session.ports.isVisible())
  }

  /** Once it is known whose account it is: each has its own connection. */
  start(owner: string): void {
    if (this.#stopped) {
      // The page was left before it was known.
      return
    }
    this.#owner = owner
    if (!this.#live) {
      const { ports } = this.#session
      this.#live = new Live(`postroom-live-${FORMAT}-${owner}`, ports, (message) => this.#take(message))
      this.#live.start()
    }
    this.#visible ??= new VisibleTabs(`postroom-seen-${owner}`, this.#session.ports)
    this.#askLater()
  }

  /** Signed out: nothing more is asked until the person wishes it, or comes back to this tab. */
  get isOver(): boolean {
    return this.signedOut || this.#session.trouble?.code === 'no_session'
  }

  tryNow(): void {
    if (this.isOver) {
      void this.#goOn()
      return
    }
    this.#live?.tryNow()
    void this.#askNow()
  }

  async #askNow(): Promise<void> {
    const { isKnown, client, trouble } = this.#session
    if (!isKnown && trouble) {
      // The session that is asked for may hang: the same question once more would wait for its end.
      client.giveUp()
      await this.#loop.task.ended
    }
    await this.#loop.tryNow()
  }

  /** If the person signed in again in another tab. */
  async #goOn(): Promise<void> {
    await this.#loop.tryNow()
    if (this.#owner === null || this.#session.trouble) {
      return
    }
    if (this.signedOut) {
      this.signedOut = false
      this.#live?.stop()
      this.#live = null
    }
    this.start(this.#owner)
    this.#session.changed('connection', 'account')
  }

  stop(): void {
    this.#stopped = true
    this.#live?.stop()
    this.#visible?.stop()
    this.#callOff?.()
    this.#endReturn()
  }

  #take(message: LiveMessage): void {
    if (message.kind === 'hint') {
      this.#hint()
    } else if (message.kind === 'settings') {
      this.#session.tell('settings', message.etag)
    } else if (message.kind === 'unread') {
      this.unread = message.unread
    } else if (message.kind === 'preparation') {
      this.preparation = message.preparation
    } else if (message.kind === 'signed-out') {
      // The list learns it, too, and does not look current.
      void (this.isOver || this.#loop.hint())
      this.signedOut = true
    } else {
      this.#isNow(message.status.state)
    }
    this.#session.changed('connection', 'account')
  }

  #isNow(state: LiveStatus['state']): void {
    if (state === 'live' || state === 'polled') {
      this.preparation = null
    }
    if (this.#pause < this.#asksAfter && !this.isOver) {
      this.#askLater()
    }
  }

  /** The number of unread conversations is known here, again. */
  know(unread: number): void {
    const isNew = unread !== this.unread
    this.unread = unread
    if (isNew) {
      this.#live?.sayUnread(unread)
      this.#session.changed('connection')
    }
  }

  /** A hidden tab asks when it is shown; one of them asks for all: for the number in their titles, and to tell of new
   * mail. */
  #hint(): void {
    if ((this.#session.ports.isVisible() || this.leads) && !this.isOver) {
      void this.#loop.hint()
    }
  }

  /** It asks even if nothing was announced: a tab that was frozen heard nothing. */
  #returned(): void {
    if (this.isOver) {
      void this.#goOn()
      return
    }
    if (this.status.state !== 'live') {
      this.#live?.tryNow()
    }
    this.#hint()
  }

  get #pause(): number {
    return this.status.state === 'live' ? WITH_LIVE : WITHOUT_LIVE
  }

  #askLater(): void {
    this.#callOff?.()
    this.#asksAfter = this.#pause
    this.#callOff = this.#session.ports.after(this.#asksAfter, () => {
      this.#hint()
      if (!this.isOver) {
        this.#askLater()
      }
    })
  }
}
