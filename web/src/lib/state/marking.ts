/** When a message that the person sees is marked as read. */
import type { Account } from '#lib/sync/account.ts'
import type { Preferences } from './preferences.svelte.ts'

/** Milliseconds for which its conversation has to be open */
const LATER = 2_000

type Work = (ids: readonly string[]) => void

export function marking(account: Account, preferences: Preferences, actions: { read: Work }): Work {
  return (ids) => {
    const { markRead } = preferences.chosen
    const { openThread } = account
    if (markRead === 'now') actions.read(ids)
    if (markRead === 'later') account.ports.after(LATER, () => account.openThread === openThread && actions.read(ids))
  }
}
