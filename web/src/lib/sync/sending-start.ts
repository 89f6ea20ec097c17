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
  const mostHeld = holdsMail(account)
  // What another tab took over reads otherwise than what the person saw here.
  const mayBe = (kept: KeptDraft): boolean => !kept.sending && kept.writer === drafts.tab
  await drafts.update(id, (kept) =>
    mayBe(kept) ? departing(kept, { ...beginning, mostHeld, undo: account.undoSeconds() }) : kept
  )
}

/** Before it is known who is signed in: most servers hold it, and others are asked in vain. */
function holdsMail({ client, isKnown }: Account): number {
  return isKnown ? maxDelayedSend(client) : Infinity
}
