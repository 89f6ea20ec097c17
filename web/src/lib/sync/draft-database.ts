/** The drafts of this device, once more: the database that held them was deleted by a sign-out in another tab. */
import { Cache } from '#lib/cache/cache.ts'
import type { KeptDrafts } from '#lib/cache/drafts.ts'
import type { Account } from './account.ts'

/** null if this device keeps nothing. Raises JmapFailure unless the same person is signed in (again). */
export async function openDraftsAgain({ client, isKnown }: Account): Promise<KeptDrafts | null> {
  if (!isKnown) {
    return null
  }
  // Nothing of a person who has signed out may be written, or of one in place of another.
  await client.connect()
  const cache = await Cache.open(client.owner)
  return (await cache?.drafts()) ?? null
}
