/** A message begins to be sent: this device knows it before anything else is done. */
import type { KeptDraft } from '#lib/compose/draft.ts'
import { messageIdFor } from '#lib/compose/reply-headers.ts'
import { departing } from '#lib/compose/sending-start.ts'
import { maxDelayedSend } from '#lib/jmap/delayed-send.ts'
import type { Account } from './account.ts'
import type { Drafts } from './drafts.ts'

/** Resolves once this device knows it. */
export async function beginSending(
  account: Account,
  drafts: Drafts,
  id: string,
  { at }: { readonly at?: Date }
): Promise<void> {
  const { ports } = account
  const messageId = messageIdFor(account.address, ports.unique())
  const beginning = { messageId, owner: drafts.tab, now: ports.now(), leaveAt: at?.getTime() ?? null }
  // Before it is known who is signed in, the mail server is asked to hold it: most do, and others refuse.
  const mostHeld = account.isKnown ? maxDelayedSend(account.client) : Infinity
  // If another tab took it over, its text may be another than the person saw here.
  const isOurs = (kept: KeptDraft): boolean => !kept.sending && kept.writer === drafts.tab
  await drafts.update(id, (kept) =>
    isOurs(kept) ? departing(kept, { ...beginning, mostHeld, undo: account.undoSeconds() }) : kept
  )
}
