/** The objects of RFC 8620 and RFC 8621, reduced to the properties that this client asks for. */

export type Id = string

export interface Limits {
  maxCallsInRequest: number
  maxObjectsInGet: number
  maxObjectsInSet: number
  maxConcurrentRequests: number
}

/** RFC 8620 §2 */
export interface Session {
  capabilities: Record<string, Partial<Limits> & { authservId?: string; identityId?: string }>
  accounts: Record<Id, { name: string; accountCapabilities: Record<string, unknown> }>
  primaryAccounts: Record<string, Id>
  username: string
  apiUrl: string
  downloadUrl: string
  uploadUrl?: string
  state: string
}

export type Arguments = Record<string, unknown>

/** One method call. `id` is unique within the group of calls that are handed over together. */
export interface Call {
  name: string
  args: Arguments
  id: string
}

export type Invocation = [name: string, args: Arguments, id: string]

/** RFC 8620 §5.1 */
export interface GetResponse<T> {
  state: string
  list: T[]
  notFound: Id[] | null
}

/** RFC 8620 §5.2 */
export interface ChangesResponse {
  oldState: string
  newState: string
  hasMoreChanges: boolean
  created: Id[]
  updated: Id[]
  destroyed: Id[]
}

/** RFC 8620 §5.3 */
export interface SetResponse {
  oldState: string | null
  newState: string
  created?: Record<string, { id: Id } & Arguments> | null
  updated?: Record<Id, Arguments | null> | null
  notCreated?: Record<string, SetError> | null
  notUpdated?: Record<Id, SetError> | null
  destroyed?: Id[] | null
  notDestroyed?: Record<Id, SetError> | null
}

export interface SetError {
  type: string
  description?: string | null
  /** of an invalidProperties */
  properties?: string[] | null
}

/** RFC 8620 §5.5 */
export interface QueryResponse {
  queryState: string
  canCalculateChanges: boolean
  position: number
  ids: Id[]
  total?: number
}

/** RFC 8621 §4.4.1, as far as this client asks for it */
export interface FilterCondition {
  inMailbox?: Id
  inMailboxOtherThan?: readonly Id[]
  before?: string
  after?: string
  minSize?: number
  maxSize?: number
  hasKeyword?: string
  notKeyword?: string
  hasAttachment?: boolean
  text?: string
  from?: string
  to?: string
  cc?: string
  bcc?: string
  subject?: string
  body?: string
  header?: readonly string[]
}

/** RFC 8620 §5.5 */
export interface FilterOperator {
  operator: 'AND' | 'OR' | 'NOT'
  conditions: readonly Filter[]
}

export type Filter = FilterCondition | FilterOperator

/** RFC 8621 §4.4.2 */
export interface Sort {
  property: 'receivedAt' | 'from' | 'subject' | 'size'
  isAscending: boolean
}

export interface EmailAddress {
  name: string | null
  email: string
}

export interface Mailbox {
  id: Id
  name: string
  parentId: Id | null
  role: string | null
  sortOrder: number
  totalEmails: number
  unreadEmails: number
  unreadThreads: number
  myRights: MailboxRights
}

/** RFC 8621 §2 */
export interface MailboxRights {
  mayReadItems: boolean
  mayAddItems: boolean
  mayRemoveItems: boolean
  maySetSeen: boolean
  mayCreateChild: boolean
  mayRename: boolean
  mayDelete: boolean
}

export interface Thread {
  id: Id
  /** oldest first (RFC 8621 §3) */
  emailIds: readonly Id[]
}

/** The properties of a row. */
export interface Email {
  id: Id
  threadId: Id
  mailboxIds: Record<Id, boolean>
  keywords: Record<string, boolean>
  from: EmailAddress[] | null
  to: EmailAddress[] | null
  subject: string | null
  receivedAt: string
  /** octets */
  size: number
  /** Cyrus leaves it out where it would end within a character. */
  preview?: string
  hasAttachment: boolean
}

export interface BodyPart {
  partId: string | null
  blobId: Id | null
  size: number
  name: string | null
  type: string
  /** a body that a device kept earlier lacks it */
  charset?: string | null
  disposition: string | null
  cid: string | null
}

/** What is asked for besides the row when a message is unfolded. */
export interface EmailBody {
  id: Id
  /** of the whole message, as it was sent; a body that a device kept earlier lacks it */
  blobId?: Id
  cc: EmailAddress[] | null
  replyTo: EmailAddress[] | null
  sentAt: string | null
  messageId: string[] | null
  references: string[] | null
  'header:Authentication-Results:all': string[]
  /** a body that a device kept earlier lacks it */
  'header:List-Id'?: string | null
  'header:List-Unsubscribe'?: string | null
  'header:List-Unsubscribe-Post'?: string | null
  bodyValues: Record<string, { value: string; isTruncated: boolean }>
  textBody: BodyPart[]
  htmlBody: BodyPart[]
  attachments: BodyPart[]
}

/** RFC 8621 §6 */
export interface Identity {
  id: Id
  name: string
  email: string
  replyTo?: EmailAddress[] | null
  textSignature?: string | null
  htmlSignature?: string | null
  /** false: the mail server keeps it */
  mayDelete?: boolean
}

/** RFC 9425 */
export interface QuotaObject {
  resourceType: string
  used: number
  hardLimit: number
  scope: string
}
