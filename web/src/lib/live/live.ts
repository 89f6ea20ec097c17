/**
 * Live events: one connection for all tabs. What arrives are hints; each tab asks the mail server itself what is new.
 */
import { failureOf, noResponse, type JmapFailure } from '#lib/jmap/errors.ts'
import { GracePeriod } from './grace-period.ts'
import { listenTo, type StreamEvent } from './event-stream.ts'
import { Leader } from './leader.ts'
import { Throttle } from './throttle.ts'
import { pauseAfter } from './pause.ts'
import type { LivePorts } from './ports.ts'
import type { Realtime } from './centrifugo.ts'

export interface LiveStatus {
  /** `polled`: connected, but the mail server reports no new mail, so nobody announces it before it is asked for */
  state: 'connecting' | 'live' | 'polled' | 'offline'
  /** when it last was live */
  since: Date | null
  /** why it is offline, and when it is tried again */
  trouble: { code: string; retryAt: Date; reference: string | null } | null
}

export type LiveMessage =
  | { kind: 'status'; status: LiveStatus }
  /** There may be new mail, or something was missed. */
  | { kind: 'hint' }
  /** The settings were stored, from whatever device; null: that may have been missed. */
  | { kind: 'settings'; etag: string | null }
  /** The mailbox is not ready (any more). */
  | { kind: 'preparation'; preparation: unknown }
  /** unread conversations in the inbox, as another tab knows it */
  | { kind: 'unread'; unread: number }
  /** It holds for this tab alone: each finds out for itself, for another one may be signed in again. */
  | { kind: 'signed-out' }

/** What a tab tells the leader. */
type Request = { kind: 'status?' } | { kind: 'try-now' }

/** Milliseconds for what is short. */
const PATIENCE = 20_000

export class Live {
  status: LiveStatus = { state: 'connecting', since: null, trouble: null }
  readonly #ports: LivePorts
  readonly #leader: Leader
  readonly #tell: (message: LiveMessage) => void
  readonly #grace: GracePeriod
  readonly #hints: Throttle
  readonly #stored: Throttle
  /** the mail server reports new mail */
  #pushed = true
  #failures = 0
  #wake: (() => void) | null = null

  /** `name` is the same in all tabs of one account and one format of messages. */
  constructor(name: string, ports: LivePorts, tell: (message: LiveMessage) => void) {
    this.#ports = ports
    this.#tell = tell
    this.#grace = new GracePeriod(ports)
    this.#hints = new Throttle(ports)
    this.#stored = new Throttle(ports)
    this.#leader = new Leader(name, ports, {
      lead: (signal) => void this.#lead(signal),
      heard: (message) => this.#heard(message as LiveMessage | Request)
    })
  }

  /** This tab has the connection of all tabs. */
  get leads(): boolean {
    return this.#leader.leads
  }

  start(): void {
    this.#leader.start()
    this.#leader.say({ kind: 'status?' } satisfies Request)
  }

  stop(): void {
    this.#leader.stop()
  }

  /** To the other tabs, of which the hidden ones do not ask the mail server. */
  sayUnread(unread: number): void {
    this.#leader.say({ kind: 'unread', unread } satisfies LiveMessage)
  }

  /** The person does not want to wait, or the device is online again. */
  tryNow(): void {
    this.#leader.say({ kind: 'try-now' } satisfies Request)
    this.#wake?.()
  }

  #heard(message: LiveMessage | Request): void {
    if (message.kind === 'status?') {
      if (this.#leader.leads) {
        this.#leader.say({ kind: 'status', status: this.status } satisfies LiveMessage)
      }
    } else if (message.kind === 'try-now') {
      this.#wake?.()
    } else {
      this.#take(message)
    }
  }

  /** To this tab and all others. */
  #announce(message: LiveMessage): void {
    this.#leader.say(message)
    this.#take(message)
  }

  #take(message: LiveMessage): void {
    if (message.kind === 'status') {
      this.status = message.status
    }
    this.#tell(message)
  }

  #hint(): void {
    this.#hints.run(() => this.#announce({ kind: 'hint' }))
  }

  #settings(event: unknown): void {
    this.#stored.run(() => this.#announce(settingsOf(event)))
  }

  #is(state: LiveStatus['state'], trouble: LiveStatus['trouble'] = null): void {
    const since = state === 'live' || this.status.state === 'live' ? new Date(this.#ports.now()) : this.status.since
    this.#announce({ kind: 'status', status: { state, since, trouble } })
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.#is('connecting')
    while (!signal.aborted) {
      const refusal = await this.#listen(signal).catch((mistake: unknown) => {
        // A part of the page that did not load, say. The lead is ours: nobody else would try again.
        this.#ports.report(mistake)
        return null
      })
      if (isOver(signal)) {
        break
      }
      if (refusal?.status === 401) {
        // A tab in which the person signs in again must be able to lead.
        this.#leader.stop()
        this.#take({ kind: 'signed-out' })
        break
      }
      await this.#failed(refusal ? await failureOf(refusal, this.#ports.now()) : noResponse(), signal)
    }
    this.#grace.over()
  }

  async #failed({ code, reference, retryAfter }: JmapFailure, signal: AbortSignal): Promise<void> {
    this.#failures += 1
    const pause = pauseAfter(this.#failures, retryAfter, this.#ports.random())
    const trouble = { code, reference, retryAt: new Date(this.#ports.now() + pause) }
    if (this.status.state === 'live' || this.status.state === 'polled') {
      // A stream that ends after hours, at a restart of Postroom for example, mostly stands again within a second.
      this.#is('connecting')
    } else {
      this.#grace.tell(code, () => this.#is('offline', trouble))
    }
    await this.#pause(pause, signal)
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        callOff()
        signal.removeEventListener('abort', end)
        resolve()
      }
      const callOff = this.#ports.after(milliseconds, end)
      this.#wake = end
      signal.addEventListener('abort', end)
    })
    this.#wake = null
  }

  /** Until the connection ends; returns the response of a refusal, or null. */
  async #listen(signal: AbortSignal): Promise<Response | null> {
    const heard = new Set<string>()
    const end = await listenTo('/api/live', this.#ports, signal, (event) => {
      heard.add(event.type)
      this.#event(event)
    })
    if (!heard.has('elsewhere')) {
      return end
    }
    const response = await this.#askWhere(signal).catch(() => null)
    if (!response?.ok) {
      return response
    }
    // null: somebody else answered in place of the service.
    const realtime = (await response.json().catch(() => null)) as ({ transport: string } & Realtime) | null
    return realtime?.transport === 'centrifugo' ? this.#centrifugo(realtime, signal) : null
  }

  /** Where Centrifugo publishes. */
  #askWhere(signal: AbortSignal): Promise<Response> {
    const timeout = new AbortController()
    this.#ports.after(PATIENCE, () => timeout.abort())
    const init = { credentials: 'same-origin', signal: AbortSignal.any([signal, timeout.signal]) } as const
    return this.#ports.fetch('/api/realtime', init)
  }

  #event({ type, data }: StreamEvent): void {
    if (type === 'provisioning') {
      this.#announce({ kind: 'preparation', preparation: data })
    } else if (type === 'hello') {
      this.#pushed = true
      this.#connected()
    } else if (type === 'pace') {
      this.#pushed = (data as { pushed?: unknown } | null)?.pushed !== false
      this.#is(this.#pushed ? 'live' : 'polled')
    } else if (type === 'mail' || type === 'reload') {
      this.#hint()
    } else if (type === 'settings') {
      this.#settings(data)
    }
  }

  #connected(): void {
    const wasLive = this.status.since !== null
    this.#failures = 0
    this.#grace.over()
    this.#is(this.#pushed ? 'live' : 'polled')
    // What came before the stream began was not announced.
    this.#hint()
    if (wasLive) this.#settings(null)
  }

  async #centrifugo(first: Realtime, signal: AbortSignal): Promise<Response | null> {
    const { listenToCentrifugo } = await import('./centrifugo.ts')
    const ends = new AbortController()
    const over = AbortSignal.any([signal, ends.signal])
    let refusal: Response | null = null
    const renew = async (): Promise<string | null> => {
      const response = await this.#askWhere(over)
      if (response.status === 401) {
        refusal = response
        return null
      }
      const next = (await response.json()) as Partial<Realtime>
      if (next.token === undefined) {
        throw new Error('no token now')
      }
      return next.token
    }
    const heard = (data: unknown): void => {
      const type = (data as { type?: unknown } | null)?.type
      // The mailbox is not ready any more: /api/live tells how it goes on.
      if (type === 'mailbox') ends.abort()
      else if (type === 'settings') this.#settings(data)
      else this.#hint()
    }
    const connected = (is: boolean): void => (is ? this.#connected() : this.#is('connecting'))
    if (!over.aborted) {
      listenToCentrifugo(first, { renew, heard, connected, ended: () => ends.abort() }, over)
      await new Promise<void>((resolve) => over.addEventListener('abort', () => resolve()))
    }
    return refusal
  }
}

function settingsOf(event: unknown): LiveMessage {
  const etag = (event as { data?: { etag?: unknown } } | null)?.data?.etag
  return { kind: 'settings', etag: typeof etag === 'string' ? etag : null }
}

/** TypeScript believes that a signal which was not aborted before an `await` is not after it either. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted
}
