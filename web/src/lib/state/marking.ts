/** When a message that the person sees is marked as read. */
import type { Session } from '#lib/sync/session.ts'
import type { Preferences } from '#lib/settings/state/preferences.svelte.ts'

/** Milliseconds for which its conversation has to be open */
const LATER = 2_000

type Work = (ids: readonly string[]) => void

export function marking(session: Session, preferences: Preferences, actions: { read: Work }): Work {
  return (ids) => {
    const { markRead } = preferences.chosen
    const { openThread } = session
    if (markRead === 'now') actions.read(ids)
    if (markRead === 'later') session.ports.after(LATER, () => session.openThread === openThread && actions.read(ids))
  }
}
