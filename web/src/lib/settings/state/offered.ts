/** What of the settings this mail server has. */
import { capabilityOf } from '#lib/jmap/client.ts'
import { SIEVE } from '#lib/settings/sync/scripts.ts'
import { VACATION } from '#lib/settings/sync/vacation.ts'
import type { Session } from '#lib/sync/session.ts'
import type { PartContext } from '#lib/state/part-context.ts'

export class Offered {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** Resolves once the mail server has told. */
  async filters(): Promise<boolean> {
    await this.#session.connected()
    return capabilityOf(this.#session.client, SIEVE) !== null
  }

  /** Names of sections that would be empty. */
  async withheld(): Promise<readonly string[]> {
    const hasFilters = await this.filters()
    const hasAbsence = hasFilters || capabilityOf(this.#session.client, VACATION) !== null
    return [...(hasFilters ? [] : ['filters']), ...(hasAbsence ? [] : ['absence'])]
  }
}

export function create({ session }: PartContext): Offered {
  return new Offered(session)
}
