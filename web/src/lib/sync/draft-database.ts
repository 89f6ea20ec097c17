/** Opens the drafts of this device again, after a sign-out in another tab deleted their database. */
import { Cache } from '#lib/cache/cache.ts'
import type { KeptDrafts } from '#lib/cache/drafts.ts'
import type { Account } from './account.ts'

/** null if this device keeps nothing. Raises JmapFailure unless the same person is signed in (again). */
export async function openDraftsAgain({ client, isKnown }: Account): Promise<KeptDrafts | null> {
  if (!isKnown) {
    return null
  }
  // Nothing may be written for a person who has signed out, nor into the database of another person.
  await client.connect()
  const cache = await Cache.open(client.owner)
  return (await cache?.drafts()) ?? null
}
