/** What signing out needs of this browser. */
import { AccountsClient } from '#lib/accounts/client.ts'
import { tellOthers } from '#lib/accounts/other-tabs.ts'
import type { Leaving } from '#lib/accounts/sign-out.ts'
import { forgetDraftCopies } from '#lib/writing/device/draft-copies.ts'
import { unsentOnThisDevice } from '#lib/cache/unsent.ts'

export function leaving() {
  return {
    client: new AccountsClient((address, init) => window.fetch(address, init)),
    unsent: () => unsentOnThisDevice(Date.now()),
    databases: 'indexedDB' in window ? indexedDB : null,
    caches: 'caches' in window ? caches : null,
    forgetCopies: forgetDraftCopies,
    tellOthers,
    leave: (page) => location.replace(page)
  } satisfies Omit<Leaving, 'ask'>
}
