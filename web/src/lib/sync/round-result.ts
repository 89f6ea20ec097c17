/** What of a round is kept on this device. */
import type { Id } from '#lib/jmap/types.ts'
import type { ListView } from './list-view.ts'

export interface RoundResult {
  list: ListView | null
  /** all emails that changed, whether or not a list shows them: nobody will tell of these changes again */
  changed: readonly Id[]
  /** nothing that was known before counts */
  anew: boolean
  /** `met` when it began, if it asked for the states; else null */
  met: number | null
}
