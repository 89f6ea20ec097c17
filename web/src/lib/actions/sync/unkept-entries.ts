/** Actions that other tabs told of before this device had them: such a tab may be gone before they are kept. */
import type { Entry } from '#lib/actions/domain/entry.ts'
import type { KeptEntries } from '#lib/sync/kept-entries.ts'
import type { Ports } from '#lib/sync/ports.ts'

/** Milliseconds after which a tab keeps and sends what another one did: that one may be gone. */
const OTHERS = 1_000

export class UnkeptEntries {
  readonly #ports: Ports
  readonly #entries: KeptEntries
  /** of those that are not kept yet, as far as this tab knows */
  readonly #open = new Map<string, (isKept: boolean) => void>()

  constructor(ports: Ports, entries: KeptEntries) {
    this.#ports = ports
    this.#entries = entries
  }

  /** Resolves to whether this device keeps it. `isWaiting`: the mail server has not confirmed it. `due`: it is time that
   * any tab sends it. */
  hear(entry: Entry, isWaiting: () => boolean, due: () => void): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#open.set(entry.id, resolve)
    this.#ports.after(OTHERS, () => void this.#keep(entry, isWaiting).then(due))
    return promise
  }

  kept(id: string, isKept = true): void {
    this.#open.get(id)?.(isKept)
    this.#open.delete(id)
  }

  async #keep(entry: Entry, isWaiting: () => boolean): Promise<void> {
    if (this.#open.has(entry.id)) {
      const isKept = isWaiting() && (await this.#entries.addMissing(entry, isWaiting).catch(() => false))
      this.kept(entry.id, isKept)
    }
  }
}
