/** A draft that an earlier version of this page kept → one of today. */
import { EMPTY, newlyKept, type KeptDraft, type Parent } from '#lib/compose/draft.ts'

/** A plain reply: what was typed, under the id of the message that it replies to. */
interface EarlierDraft {
  readonly id: string
  readonly text: string
  /** what was handed over to the mail server, whose response did not come */
  readonly sending?: { readonly messageId: string } | null
}

/** To whom it goes, and what it is called, is filled in when it is opened. */
export function draftToday(found: EarlierDraft | KeptDraft, now: number): KeptDraft {
  if ('draft' in found) {
    return found
  }
  const { id, text, sending } = found
  const parent: Parent = { kind: 'reply', emailId: id, messageId: [], references: [] }
  return {
    ...newlyKept(`reply-${id}`, { ...EMPTY, format: 'plain', text, parent }, { writer: '', now }),
    revision: 1,
    // It is looked for before it is stored: it may be sent.
    storing: sending ? { messageId: sending.messageId, revision: 1 } : null
  }
}
