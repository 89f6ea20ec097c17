/** What an open draft stands on. */
import type { Account } from '#lib/sync/account.ts'
import type { DraftLocks } from '#lib/sync/draft-locks.ts'
import type { DraftStoring } from '#lib/sync/draft-storing.ts'
import type { Drafts } from '#lib/sync/drafts.ts'
import type { Sendings } from '#lib/sync/sending.ts'
import type { Uploads } from '#lib/sync/uploads.ts'
import type { FileLimits } from './composition-files.ts'

export interface ComposeParts {
  readonly account: Account
  readonly drafts: Drafts
  readonly locks: DraftLocks
  readonly storing: DraftStoring
  readonly uploads: Uploads
  readonly sendings: Sendings
  limits(): FileLimits
}
