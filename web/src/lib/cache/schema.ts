/** What this device keeps, and in which stores. */
import type { Email, EmailBody, Id, Mailbox, Thread } from '#lib/jmap/types.ts'
import type { KeptDraft } from '#lib/writing/domain/draft.ts'
import type { Entry } from '#lib/actions/domain/entry.ts'
import type { DBSchema, IDBPDatabase } from 'idb'

export interface KeptStates {
  email: string
  mailbox: string
  /** whose mail it is, by their identity; null if the service did not tell */
  person: string | null
  address: string
  /** the name under which their mail server writes Authentication-Results */
  authservId: string | null
  /** names and colours of keywords; an older version of this page kept none */
  labels?: unknown
}

export interface KeptList {
  /** what is listed, and in which order */
  key: string
  ids: readonly Id[]
  total: number | null
  /** when the server confirmed it */
  asOf: Date
}

export interface KeptThreads {
  /** of all rows */
  states: KeptStates | null
  list: KeptList
  threads: Thread[]
  emails: Email[]
}

export interface KeptBody {
  id: Id
  body: EmailBody
  whole: boolean
  usedAt: number
  size: number
}

/** What notifications on this device tell of new mail: nothing, that it came, or from whom and about what. */
export type NotificationLevel = 'none' | 'that' | 'what'

/** What changed since the last write. */
export interface Changes {
  states: KeptStates
  mailboxes: readonly Mailbox[] | null
  list: KeptList | null
  threads: readonly Thread[]
  emails: readonly Email[]
  removed: readonly Id[]
  /** nothing that was kept of emails counts any more */
  anew: boolean
}

export interface Schema extends DBSchema {
  meta: { key: 'states'; value: KeptStates }
  /** the level, under the name that it has on devices */
  wish: { key: 'wish'; value: NotificationLevel }
  mailbox: { key: Id; value: Mailbox }
  thread: { key: Id; value: Thread }
  email: { key: Id; value: Email }
  list: { key: string; value: KeptList }
  body: { key: Id; value: KeptBody; indexes: { used: [number, number] } }
  draft: { key: string; value: KeptDraft }
  /** content of files that a draft has and the mail server lacks, by their id */
  file: { key: string; value: Blob }
  /** by their order in all tabs */
  outbox: { key: number; value: Entry }
  /** what the person searched for last */
  search: { key: string; value: readonly string[] }
}

export type Database = IDBPDatabase<Schema>
