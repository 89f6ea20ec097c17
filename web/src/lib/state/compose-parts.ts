/** What an open draft stands on. */
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Account } from '#lib/sync/account.ts'
import type { DraftLocks } from '#lib/sync/draft-locks.ts'
import type { DraftStoring } from '#lib/sync/draft-storing.ts'
import type { Drafts } from '#lib/sync/drafts.ts'
import type { Uploads } from '#lib/sync/uploads.ts'
import type { Composition } from './compose.ts'
import type { FileLimits } from './composition-files.ts'

export interface ComposeParts {
  readonly account: Account
  readonly drafts: Drafts
  readonly locks: DraftLocks
  readonly storing: DraftStoring
  readonly uploads: Uploads
  readonly sender: Sender
  limits(): FileLimits
}

/** What hands messages over. */
export interface Sender {
  /** Resolves once this device knows that it is to be sent. */
  send(id: string, options: { readonly at?: Date }): Promise<void>
  sendAgain(id: string): Promise<void>
  keepDraft(id: string): Promise<void>
  /** Resolves to whether it is a draft again; rejects with a Trouble if nobody can tell now. */
  undo(id: string): Promise<boolean>
  statusOf(id: string): Composition['status']
  troubleOf(id: string): Trouble | null
}
