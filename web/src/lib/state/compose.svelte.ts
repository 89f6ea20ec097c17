/** Writing and sending, for the views. Loaded on use. */
import type { Account } from '#lib/sync/account.ts'
import type { Recipient } from '#lib/compose/draft.ts'
import type { Compose, Composition, Departure, Identity, Outcome, Start } from './compose.ts'

export class ComposeState implements Compose {
  readonly open: readonly Composition[] = []
  readonly identities: readonly Identity[] = []
  readonly maxDelay = 0
  readonly maxFile = 0
  readonly maxFiles = 0
  readonly departures: readonly Departure[] = []
  readonly outcome: Outcome | null = null
  readonly unsent = 0

  constructor(account: Account) {
    void account
  }

  start(_: Start): Promise<Composition> {
    return Promise.reject(new Error('not built yet'))
  }

  suggest(_: string, __: readonly Recipient[]): Promise<readonly Recipient[]> {
    return Promise.resolve([])
  }
}
