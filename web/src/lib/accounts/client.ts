/** Talks to Kratos through Postroom, on our own origin. Every response comes back as data; nothing is thrown. */
import { kratosResponseOf, NO_RESPONSE, trouble, type KratosResponse } from '#lib/accounts/kratos-response.ts'
import { KRATOS } from '#lib/accounts/destination.ts'
import { isObject, textOf, type Flow, type FlowKind } from '#lib/accounts/flow.ts'

export type Fetch = (address: string, init: RequestInit) => Promise<Response>

/** What a new flow is for. `returnTo` is an address with our origin: Kratos accepts no path alone. */
export interface FlowOptions {
  readonly refresh?: boolean | undefined
  readonly aal?: string | undefined
  readonly returnTo?: string | undefined
}

interface JsonResponse {
  readonly status: number
  readonly body: unknown
  /** seconds; 0 if nothing was said */
  readonly retryAfter: number
}

/** A person waits: Kratos answers in well under a second, and sends a mail before it answers in some. */
const PATIENCE_MS = 20_000

export class AccountsClient {
  readonly #fetch: Fetch

  constructor(fetch: Fetch) {
    this.#fetch = fetch
  }

  begin(kind: FlowKind, options: FlowOptions): Promise<KratosResponse> {
    const query = new URLSearchParams()
    if (options.refresh) query.set('refresh', 'true')
    if (options.aal) query.set('aal', options.aal)
    if (options.returnTo) query.set('return_to', options.returnTo)
    return this.#flow(kind, `${kind}/browser${query.size ? `?${query.toString()}` : ''}`, {})
  }

  resume(kind: FlowKind, id: string): Promise<KratosResponse> {
    return this.#flow(kind, `${kind}/flows?id=${encodeURIComponent(id)}`, {})
  }

  /** Sent as a form, so that Kratos gives each value the type that its schema wants. */
  submit(flow: Flow, entries: [string, string][]): Promise<KratosResponse> {
    const body = new URLSearchParams(entries)
    return this.#flow(flow.kind, `${flow.kind}?flow=${encodeURIComponent(flow.id)}`, { method: 'POST', body })
  }

  /** What Kratos has stored about an error, for the page that shows it. */
  async error(id: string): Promise<string | null> {
    const response = await this.#json(`errors?id=${encodeURIComponent(id)}`, {})
    const error = isObject(response?.body) && isObject(response.body['error']) ? response.body['error'] : {}
    return response?.status === 200 ? textOf(error['reason']) || textOf(error['message']) : null
  }

  /** End the session: first in Postroom's cache and live connections, which need it, then in Kratos. False if it may
   * not have ended. */
  async signOut(): Promise<boolean> {
    await this.#request('/api/logout', { method: 'POST' })
    const offer = await this.#json('logout/browser', {})
    if (offer?.status === 401) return true
    const token = isObject(offer?.body) ? textOf(offer.body['logout_token']) : ''
    const done = token ? await this.#json(`logout?token=${encodeURIComponent(token)}`, {}) : null
    return done !== null && (done.status < 300 || done.status === 401)
  }

  async #flow(kind: FlowKind, path: string, init: RequestInit): Promise<KratosResponse> {
    const response = await this.#json(path, init)
    if (!response) return trouble(NO_RESPONSE)
    return kratosResponseOf(kind, response.status, response.body, response.retryAfter)
  }

  async #json(path: string, init: RequestInit): Promise<JsonResponse | null> {
    const response = await this.#request(`${KRATOS}/self-service/${path}`, init)
    if (!response) return null
    const retryAfter = Number(response.headers.get('Retry-After')) || 0
    try {
      return { status: response.status, body: JSON.parse((await response.text()) || 'null') as unknown, retryAfter }
    } catch {
      // A proxy that answers with a page: the status alone tells what happened.
      return { status: response.status < 400 ? 502 : response.status, body: null, retryAfter }
    }
  }

  /** Null if no response came. */
  async #request(address: string, init: RequestInit): Promise<Response | null> {
    try {
      return await this.#fetch(address, {
        ...init,
        headers: { Accept: 'application/json' },
        credentials: 'same-origin',
        cache: 'no-store',
        // Kratos redirects only browsers; a redirect here would hide where it leads.
        redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE_MS)
      })
    } catch {
      return null
    }
  }
}
