/** Replies that an earlier version of this page kept: their text alone. What else a reply has is filled in. */
import type { Draft } from '#lib/compose/draft.ts'
import { draftOfReply } from '#lib/compose/start.ts'
import type { Account } from '#lib/sync/account.ts'
import { messageOf, selfOf } from './compose-start.ts'
import type { Composition, Identity } from './compose.ts'

function isEarlier({ parent, to, subject }: Draft): boolean {
  return parent?.kind === 'reply' && parent.messageId.length === 0 && to.length === 0 && subject === ''
}

/** Raises JmapFailure: it stays as it is, and can be addressed by hand. */
export async function fillIn(
  account: Account,
  identities: readonly Identity[],
  composition: Composition
): Promise<void> {
  const { parent } = composition.draft
  if (!parent?.emailId) {
    return
  }
  const message = await messageOf(account, parent.emailId)
  const self = await selfOf(account, identities)
  const reply = draftOfReply(message, false, { ...self, format: 'plain' })
  const { draft } = composition
  if (isEarlier(draft)) {
    const { to, cc, subject, identityId } = reply
    const text = `${draft.text.trimEnd()}\n\n${reply.text.trimStart()}`
    composition.change({ to, cc, subject, identityId, parent: reply.parent, text })
  }
}
