/** What the service keeps for the person, so that it follows them to other devices: one document (/api/settings). */
import { failureOf, JmapFailure, noResponse } from '#lib/jmap/errors.ts'
import type { Ports } from '#lib/sync/ports.ts'

/** Tries when other tabs write at the same time. */
const MOST_TRIES = 5
/** Milliseconds: somebody may wait for what is stored. */
const PATIENCE = 20_000

export type Settings = Readonly<Record<string, unknown>>

export class SettingsDocument {
  /** what was read last */
  last: Settings | null = null
  onread: ((settings: Settings) => void) | null = null
  readonly #ports: Ports
  /** of what this tab read or wrote last */
  #tag: string | null = null

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** This tab has what the service holds. */
  isAt(tag: string | null): boolean {
    return tag !== null && tag === this.#tag
  }

  /** Raises JmapFailure. */
  async read(): Promise<Settings> {
    const { settings, tag } = await this.#read()
    this.#tag = tag
    this.last = settings
    this.onread?.(settings)
    return settings
  }

  /** Makes a change to what the document holds now, and returns what it holds then. The same object changes nothing.
   * Raises JmapFailure. */
  async change(change: (settings: Settings) => Settings): Promise<Settings> {
    for (let attempt = 0; attempt < MOST_TRIES; attempt += 1) {
      const { settings, tag } = await this.#read()
      const changed = change(settings)
      if (changed === settings || (await this.#write(changed, tag))) {
        return changed
      }
    }
    throw new JmapFailure('settings_changed')
  }

  async #read(): Promise<{ settings: Settings; tag: string }> {
    const response = await this.#fetch({})
    const tag = response.headers.get('ETag')
    const document: unknown = await response.json().catch(() => undefined)
    if (tag === null || document === undefined) {
      // Somebody else answered in place of the service: what is taken for empty would be written over.
      throw noResponse()
    }
    return { settings: objectOf(document), tag }
  }

  /** Whether it was stored; false if the document changed meanwhile. */
  async #write(settings: Settings, tag: string): Promise<boolean> {
    const headers = { 'Content-Type': 'application/json', 'If-Match': tag }
    const response = await this.#fetch({ method: 'PUT', headers, body: JSON.stringify(settings) })
    const isStored = response.status !== 412
    if (isStored) this.#tag = response.headers.get('ETag')
    return isStored
  }

  async #fetch(init: RequestInit): Promise<Response> {
    const { fetch, origin, now } = this.#ports
    const response = await fetch(new URL('/api/settings', origin), {
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE),
      ...init
    }).catch(() => {
      throw noResponse()
    })
    if (!response.ok && response.status !== 412) {
      throw await failureOf(response, now())
    }
    return response
  }
}

export function objectOf(value: unknown): Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : {}
}
