/** The identity with which new messages are written: the person chose it, for all their devices (/api/settings, `identity`). */
import type { Id } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import { SettingsDocument } from '#lib/sync/settings.ts'
import { DeviceStorage } from '#lib/state/device-storage.ts'

const KEY = 'identity'

interface Chosen {
  /** the address of the account: the next person at this device has other identities */
  readonly of: string
  readonly id: Id
}

export class PreferredIdentity {
  readonly #session: Session
  readonly #document: SettingsDocument
  readonly #device = new DeviceStorage()

  constructor(session: Session) {
    this.#session = session
    this.#document = new SettingsDocument(session.ports)
  }

  /** as this device knows it; null: the identity of the account's own address */
  get id(): Id | null {
    const kept = (this.#device.read(KEY) ?? {}) as Partial<Chosen>
    return kept.of === this.#session.address && typeof kept.id === 'string' && kept.id !== '' ? kept.id : null
  }

  /** What was chosen on another device. Raises JmapFailure. */
  async read(): Promise<void> {
    const { [KEY]: id } = await this.#document.read()
    this.#keep(typeof id === 'string' ? id : '')
  }

  /** Raises JmapFailure: it holds on this device only. */
  async choose(id: Id): Promise<void> {
    this.#keep(id)
    await this.#document.change((settings) => ({ ...settings, [KEY]: id }))
  }

  #keep(id: Id): void {
    this.#device.write(KEY, { of: this.#session.address, id } satisfies Chosen)
  }
}
