/** Senders whose remote pictures may be shown: kept by the service, so that they follow the person (/api/settings). */
import { failureOf, JmapFailure, noResponse } from '#lib/jmap/errors.ts'
import type { Account } from './account.ts'

/** Addresses that are kept; the document may hold 64 KB in all. */
const MOST_SENDERS = 500
/** Tries when other tabs write at the same time. */
const MOST_TRIES = 5

type Document = Record<string, unknown>

export class Pictures {
  readonly #account: Account
  #senders: ReadonlySet<string> = new Set()

  constructor(account: Account) {
    this.#account = account
  }

  allowed(address: string): boolean {
    return this.#senders.has(address.toLowerCase())
  }

  /** A failure is harmless: pictures stay blocked. */
  async read(): Promise<void> {
    try {
      const { document } = await this.#read()
      this.#take(sendersOf(document))
    } catch (failure) {
      if (!(failure instanceof JmapFailure)) {
        this.#account.ports.report(failure)
      }
    }
  }

  /** Shown at once; raises JmapFailure if it could not be kept. */
  async allow(address: string): Promise<void> {
    this.#take([...this.#senders, address.toLowerCase()])
    for (let attempt = 0; attempt < MOST_TRIES; attempt += 1) {
      const { document, tag } = await this.#read()
      const senders = [...new Set([...sendersOf(document), address.toLowerCase()])].slice(-MOST_SENDERS)
      if (await this.#write({ ...document, pictures: { ...objectOf(document['pictures']), senders } }, tag)) {
        this.#take(senders)
        return
      }
    }
    throw new JmapFailure('settings_changed')
  }

  #take(senders: readonly string[]): void {
    this.#senders = new Set(senders)
    this.#account.tell('account', 'reader')
  }

  async #read(): Promise<{ document: Document; tag: string }> {
    const response = await this.#fetch({})
    return { document: objectOf(await response.json()), tag: response.headers.get('ETag') ?? '' }
  }

  /** Whether it was stored; false if the document changed meanwhile. */
  async #write(document: Document, tag: string): Promise<boolean> {
    const headers = { 'Content-Type': 'application/json', 'If-Match': tag }
    const response = await this.#fetch({ method: 'PUT', headers, body: JSON.stringify(document) })
    return response.status !== 412
  }

  async #fetch(init: RequestInit): Promise<Response> {
    const { ports } = this.#account
    const response = await ports
      .fetch(new URL('/api/settings', ports.origin), { credentials: 'same-origin', cache: 'no-store', ...init })
      .catch(() => {
        throw noResponse()
      })
    if (!response.ok && response.status !== 412) {
      throw await failureOf(response, ports.now())
    }
    return response
  }
}

function sendersOf(document: Document): string[] {
  const senders = objectOf(document['pictures'])['senders']
  return Array.isArray(senders) ? senders.filter((sender) => typeof sender === 'string') : []
}

function objectOf(value: unknown): Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : {}
}
