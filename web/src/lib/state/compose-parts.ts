/** What an open draft stands on. */
import type { Draft } from '#lib/compose/draft.ts'
import type { Session } from '#lib/sync/session.ts'
import type { DraftLocks } from '#lib/sync/draft-locks.ts'
import type { Drafts } from '#lib/sync/drafts.ts'
import type { FileLimits } from './composition-files.ts'
import type { LazySendings } from './lazy-sendings.ts'
import type { LazyStoring } from './lazy-storing.ts'
import type { LazyUploads } from './lazy-uploads.ts'

export interface ComposeParts {
  readonly session: Session
  readonly drafts: Drafts
  readonly locks: DraftLocks
  readonly storing: LazyStoring
  readonly uploads: LazyUploads
  readonly sendings: LazySendings
  limits(): FileLimits
  /** The word by which it mentions an attachment that it does not have. */
  mentioned(draft: Draft): Promise<string | null>
}
