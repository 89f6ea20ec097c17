/** Records on this device that a message is to be sent, before anything else is done. */
import type { KeptDraft } from '#lib/writing/domain/draft.ts'
import { messageIdFor } from '#lib/writing/domain/reply-headers.ts'
import { withSending } from '#lib/writing/domain/sending-start.ts'
import { maxDelayedSend } from '#lib/jmap/delayed-send.ts'
import type { Session } from '#lib/sync/session.ts'
import type { Drafts } from './drafts.ts'

/** Resolves once this device has recorded it. */
export async function beginSending(
  session: Session,
  drafts: Drafts,
  id: string,
  { at }: { readonly at?: Date }
): Promise<void> {
  const { ports } = session
  const messageId = messageIdFor(session.address, ports.unique())
  const beginning = { messageId, owner: drafts.tab, now: ports.now(), leaveAt: at?.getTime() ?? null }
  // Before it is known who is signed in, we assume that the mail server can hold mail: most can, and others refuse.
  const mostHeld = session.isKnown ? maxDelayedSend(session.client) : Infinity
  // If another tab took the draft over, its text may differ from what the person saw here.
  const isOurs = (kept: KeptDraft): boolean => !kept.sending && kept.writer === drafts.tab
  await drafts.update(id, (kept) =>
    isOurs(kept) ? withSending(kept, { ...beginning, mostHeld, undo: session.undoSeconds() }) : kept
  )
}
