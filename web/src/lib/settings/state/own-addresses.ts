/** All addresses of the person: mail to any of them is replied to while they are away. */
import type { Session } from '#lib/sync/session.ts'
import { addressOf, identitiesOf } from '#lib/writing/sync/identities.ts'

export class OwnAddresses {
  readonly #session: Session
  #known: readonly string[] | null = null

  constructor(session: Session) {
    this.#session = session
  }

  /** The account's own alone, until the others are known. */
  get all(): readonly string[] {
    return this.#known ?? [this.#session.address.toLowerCase()]
  }

  /**
   * Resolves once they are known. A reply that is written without them would leave out mail to the other addresses, and
   * nobody would notice. Raises JmapFailure.
   */
  async known(): Promise<readonly string[]> {
    if (this.#known) return this.#known
    const { address } = this.#session
    const identities = await identitiesOf(this.#session)
    const all = [address, ...identities.map((identity) => addressOf(identity, address))]
    this.#known = [...new Set(all.map((one) => one.toLowerCase()))]
    return this.#known
  }

  /** They may be others than before. Raises JmapFailure. */
  again(): Promise<readonly string[]> {
    this.#known = null
    return this.known()
  }
}
