/** Which drafts of this device are shown where: in the list of drafts, and at the message that they reply to. */
import type { UnsentDraft } from '#lib/writing/state/compose.ts'

/** All but those of which a row of the list says what became of them: the mail server has them as they are. */
export function withoutRow(drafts: readonly UnsentDraft[]): readonly UnsentDraft[] {
  return drafts.filter(({ emailId, state }) => emailId === null || state !== 'not_sent')
}

/** Those that reply to one of these messages, and that the conversation does not show as one of its messages. */
export function repliesTo(drafts: readonly UnsentDraft[], messages: readonly { readonly id: string }[]) {
  const ids = new Set<string | null>(messages.map(({ id }) => id))
  return drafts.filter(({ draft: { parent }, emailId }) => parent && ids.has(parent.emailId) && !ids.has(emailId))
}
