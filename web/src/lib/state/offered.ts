/** What of the settings this mail server has. */
import { capabilityOf } from '#lib/jmap/client.ts'
import { SIEVE } from '#lib/sync/scripts.ts'
import { VACATION } from '#lib/sync/vacation.ts'
import type { Account } from '#lib/sync/account.ts'
import type { Inside } from './inside.ts'

export class Offered {
  readonly #account: Account

  constructor(account: Account) {
    this.#account = account
  }

  /** Resolves once the mail server has told. */
  async filters(): Promise<boolean> {
    await this.#account.connected()
    return capabilityOf(this.#account.client, SIEVE) !== null
  }

  /** Names of sections that would be empty. */
  async withheld(): Promise<readonly string[]> {
    const hasFilters = await this.filters()
    const hasAbsence = hasFilters || capabilityOf(this.#account.client, VACATION) !== null
    return [...(hasFilters ? [] : ['filters']), ...(hasAbsence ? [] : ['absence'])]
  }
}

export function create({ account }: Inside): Offered {
  return new Offered(account)
}
