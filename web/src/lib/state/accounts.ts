/** What the account pages need of their surroundings, given by context: the client, and the browser's address bar. */
import type { AccountsClient } from '#lib/accounts/client.ts'
import type { Destination } from '#lib/accounts/destination.ts'
import type { Ask } from '#lib/accounts/service.ts'
import { createContext } from 'svelte'

export interface Accounts {
  readonly client: AccountsClient
  readonly ask: Ask
  readonly credentials: CredentialsContainer
  readonly origin: string
  /** whether the browser has passkeys and security keys */
  readonly hasAuthenticator: boolean
  readonly go: (to: Destination) => void
  /** the same, in place of this one */
  readonly enter: (to: Destination) => void
  /** load a page anew, which empties the memory: the next person sees nothing of this one */
  readonly leave: (page: string) => void
  /** how many messages wait on this device and were not sent */
  readonly unsent: () => Promise<number>
  readonly databases: IDBFactory | null
  readonly caches: CacheStorage | null
  /** what was typed last in pages that were left */
  readonly forgetCopies: () => void
  /** somebody is about to sign in: whom the service named before must not be shown without it */
  readonly expectAnother: () => void
  /** the session is over: other tabs leave the mail of this person */
  readonly tellOthers: () => void
  readonly remember: (flowId: string) => void
}

const [get, set] = createContext<Accounts>()

export { get as accounts, set as setAccounts }
