/** Signing out. Whoever signs in afterwards on this device sees nothing of the person before. */
import type { AccountsClient } from '#lib/accounts/client.ts'

export interface Leaving {
  readonly client: Pick<AccountsClient, 'signOut'>
  /** how many things wait on this device and were not sent */
  readonly unsent: () => Promise<number>
  /** whether to sign out all the same */
  readonly ask: (unsent: number) => Promise<boolean>
  /** null: the browser keeps nothing */
  readonly databases: Pick<IDBFactory, 'databases' | 'deleteDatabase'> | null
  /** files of the interface, and whom the service named; null: the browser keeps none */
  readonly caches: Pick<CacheStorage, 'keys' | 'delete'> | null
  /** what was typed last in pages that were left */
  readonly forgetCopies: () => void
  /** other tabs show the mail of this person: they leave it */
  readonly tellOthers: () => void
  /** load the page anew, which empties the memory */
  readonly leave: (page: string) => void
}

/** Another tab that still holds a database open delays its deletion; the server's Clear-Site-Data deletes it as well. */
const PATIENCE_MS = 2000

export type SignedOut = 'left' | 'stayed' | 'failed'

export async function signOut(leaving: Leaving): Promise<SignedOut> {
  // What cannot be read cannot be lost by signing out either.
  const waiting = await inTime(leaving.unsent, 0)
  if (waiting > 0 && !(await leaving.ask(waiting))) return 'stayed'
  if (!(await leaving.client.signOut())) return 'failed'
  leaving.tellOthers()
  const { databases, caches } = leaving
  // If it fails, Clear-Site-Data has deleted them.
  await Promise.all([
    databases && inTime(() => deleteAll(databases), undefined),
    caches && inTime(() => empty(caches), undefined)
  ])
  leaving.forgetCopies()
  leaving.leave('/sign-in')
  return 'left'
}

/** What fails or takes too long, for a browser that keeps nothing or is damaged, must keep nobody signed in. */
async function inTime<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
  const late = new Promise<T>((resolve) => setTimeout(() => resolve(otherwise), PATIENCE_MS))
  return Promise.race([(async () => work())(), late]).catch(() => otherwise)
}

async function deleteAll(factory: NonNullable<Leaving['databases']>): Promise<void> {
  const found = await factory.databases()
  await Promise.all(found.flatMap(({ name }) => (name ? [deletion(factory.deleteDatabase(name))] : [])))
}

async function empty(caches: NonNullable<Leaving['caches']>): Promise<void> {
  await Promise.all((await caches.keys()).map((name) => caches.delete(name)))
}

function deletion(request: IDBOpenDBRequest): Promise<void> {
  return new Promise((resolve) => {
    request.onsuccess = request.onerror = () => resolve()
  })
}
