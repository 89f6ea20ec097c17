import { Allowance, heard, type FromFrame, type ToFrame } from './port.ts'

/**
 * Why a message is not shown in its frame: it did not show in time (`silent`), it navigated (`left`), it sent more
 * than a mail has to say (`loud`). The page shows the plain text instead.
 */
export type FrameTrouble = 'silent' | 'left' | 'loud'

export interface FrameEvents {
  ready(): void
  said(message: FromFrame): void
  trouble(why: FrameTrouble): void
}

/** Milliseconds within which a mail must show; and for one that is large, which the person asked for. */
export const PATIENCE = 2_000
export const PATIENCE_FOR_LARGE = 20_000

/**
 * The page's end of a frame. The port goes to the first document that loads in it, which is ours. A second document
 * means that the mail led its frame elsewhere: the port is closed, and whoever made the frame removes it.
 */
export class FrameConnection {
  readonly #frame: HTMLIFrameElement
  readonly #allowance = new Allowance()
  #events: FrameEvents | null = null
  #patience = PATIENCE
  #overdue: ReturnType<typeof setTimeout> | undefined
  #port: MessagePort | null = null
  #ready = false
  #closed = false
  #isShown = false
  /** who waits to learn what can be seen */
  #asking: ((html: string | null) => void)[] = []

  /** The frame may load before there is a mail for it. */
  constructor(frame: HTMLIFrameElement) {
    this.#frame = frame
    frame.addEventListener('load', this.#loaded)
  }

  /** The frame waits for its mail, and nothing went wrong so far. */
  get isReady(): boolean {
    return this.#ready && !this.#closed
  }

  /** There is a mail for it, which must show within `patience`. */
  begin(events: FrameEvents, patience = PATIENCE): void {
    this.#events = events
    this.#patience = patience
    this.#wait()
    if (this.#ready) events.ready()
  }

  send(message: ToFrame): void {
    // The time until now is that of the page, which was sanitizing.
    if ('html' in message) this.#wait()
    this.#port?.postMessage(message)
  }

  /** HTML of what can be seen of the mail; null if that cannot be known, as where it does not show. */
  rendered(): Promise<string | null> {
    return new Promise((resolve) => {
      this.#asking.push(resolve)
      if (this.#closed) this.#resolve(null)
      else if (this.#isShown) this.#ask()
    })
  }

  #ask(): void {
    this.send({ rendered: true })
    setTimeout(() => this.#resolve(null), PATIENCE)
  }

  #resolve(html: string | null): void {
    for (const resolve of this.#asking.splice(0)) resolve(html)
  }

  #wait(): void {
    clearTimeout(this.#overdue)
    this.#overdue = setTimeout(() => this.#fail('silent'), this.#patience)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#overdue)
    this.#frame.removeEventListener('load', this.#loaded)
    this.#port?.close()
    this.#resolve(null)
  }

  readonly #loaded = (): void => {
    if (this.#port) {
      this.#fail('left')
      return
    }
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.onmessage = ({ data }: MessageEvent<unknown>) => this.#receive(data)
    // A null origin has no name to address it by; the document was loaded from our own server a moment ago.
    this.#frame.contentWindow?.postMessage(null, '*', [port2])
  }

  #receive(data: unknown): void {
    if (!this.#allowance.spend(performance.now())) {
      this.#fail('loud')
      return
    }
    const message = heard(data)
    if (message?.kind === 'ready') {
      this.#ready = true
      this.#events?.ready()
    } else if (message?.kind === 'rendered') {
      this.#resolve(message.html)
    } else if (message) {
      if (message.kind === 'height') this.#shown()
      this.#events?.said(message)
    }
  }

  #shown(): void {
    clearTimeout(this.#overdue)
    if (!this.#isShown && this.#asking.length > 0) this.#ask()
    this.#isShown = true
  }

  #fail(why: FrameTrouble): void {
    this.close()
    this.#events?.trouble(why)
  }
}
