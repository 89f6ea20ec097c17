/** Live events through Centrifugo, which is loaded only where the service says that it is in use. */
import { Centrifuge, UnauthorizedError } from 'centrifuge'

export interface Realtime {
  url: string
  channel: string
  token: string
}

export interface CentrifugoPorts {
  /** The next token; null if the person is signed out. */
  renew: () => Promise<string | null>
  heard: (data: unknown) => void
  connected: (connected: boolean) => void
  /** It will not connect again. */
  ended: () => void
}

/** Runs until the signal is aborted. It connects again by itself. */
export function listenToCentrifugo(first: Realtime, ports: CentrifugoPorts, signal: AbortSignal): void {
  const client = new Centrifuge(first.url, {
    token: first.token,
    getToken: async () => {
      const token = await ports.renew()
      if (token === null) {
        throw new UnauthorizedError('signed out')
      }
      return token
    }
  })
  client.on('connected', () => ports.connected(true))
  client.on('connecting', () => ports.connected(false))
  // For good: signed out, or a code that says so.
  client.on('disconnected', () => ports.ended())
  const subscription = client.newSubscription(first.channel)
  subscription.on('publication', ({ data }) => ports.heard(data))
  subscription.subscribe()
  client.connect()
  signal.addEventListener('abort', () => client.disconnect())
}
