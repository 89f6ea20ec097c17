/** What became of an email that was submitted, by its submissions, mailboxes and keywords (RFC 8621 §7). */
import { isSent, reachedNobody, type Submission } from '#lib/writing/domain/delivery.ts'
import type { Id } from '#lib/jmap/types.ts'

export interface FinalEmail {
  readonly id: Id
  readonly keywords: Readonly<Record<string, boolean>>
  readonly mailboxIds: Readonly<Record<Id, boolean>>
}

export interface SubmissionStatus {
  readonly submissions: readonly Submission[]
  /** null: there is none of this id */
  readonly email: FinalEmail | null
}

export type Verdict =
  /** it left, or will leave by itself. null: only its email tells so. Stalwart forgets a submission after three days. */
  | { readonly is: 'sent'; readonly submission: Submission | null }
  /** nobody gets it */
  | { readonly is: 'refused'; readonly submission: Submission }
  | { readonly is: 'canceled' }
  /** nobody has submitted it, as far as the mail server knows */
  | { readonly is: 'draft' }
  | { readonly is: 'gone' }

export function verdictOf({ submissions, email }: SubmissionStatus): Verdict {
  const alive = submissions.find(isSent)
  if (alive) {
    return { is: 'sent', submission: alive }
  }
  const refused = submissions.find((submission) => submission.undoStatus !== 'canceled' && reachedNobody(submission))
  if (refused) {
    return { is: 'refused', submission: refused }
  }
  const isDraft = Boolean(email?.keywords['$draft'])
  if (submissions.length > 0 && !isDraft) {
    return { is: 'canceled' }
  }
  if (!email) {
    return { is: 'gone' }
  }
  return isDraft ? { is: 'draft' } : { is: 'sent', submission: null }
}
