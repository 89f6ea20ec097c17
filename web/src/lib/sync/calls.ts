/** The groups of calls that the engine sends, and the properties that it asks for. */
import { call, reference } from '#lib/jmap/client.ts'
import type { Call, Id } from '#lib/jmap/types.ts'
import { filterOf, type ListQuery } from '#lib/store/query.ts'

/** Rows that are asked for at once; windows begin at its multiples. */
export const PAGE = 50

/** Exactly what a row of the list, and the head of a folded message, shows. */
export const ROW = [
  'id',
  'threadId',
  'mailboxIds',
  'keywords',
  'from',
  'to',
  'subject',
  'receivedAt',
  'size',
  'preview',
  'hasAttachment'
]

/** What Email/changes can report as updated (RFC 8621 §4: everything else of an Email never changes). */
export const MUTABLE = ['id', 'mailboxIds', 'keywords']

const MAILBOX = [
  'id',
  'name',
  'parentId',
  'role',
  'sortOrder',
  'totalEmails',
  'unreadEmails',
  'unreadThreads',
  'myRights'
]

/** Raw, as by default: Stalwart leaves `:asRaw` out of the name in its response. */
const AUTHENTICATION = 'header:Authentication-Results:all'

/** RFC 2919. Raw, too: Stalwart returns null for its `:asText`. */
const LIST = 'header:List-Id'

/** RFC 2369 and 8058, raw. */
const UNSUBSCRIBE = 'header:List-Unsubscribe'
const UNSUBSCRIBE_POST = `${UNSUBSCRIBE}-Post`

const BODY = [
  'id',
  'blobId',
  'cc',
  'replyTo',
  'sentAt',
  'messageId',
  'references',
  AUTHENTICATION,
  LIST,
  UNSUBSCRIBE,
  UNSUBSCRIBE_POST,
  'bodyValues',
  'textBody',
  'htmlBody',
  'attachments'
]
const BODY_PART = ['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid']

/** Octets of a body that are shown unasked (1 MB of HTML), and after "Show all". */
export const BODY_OCTETS = 1_000_000
export const WHOLE_BODY_OCTETS = 10_000_000

/** Changes of one response: `/get` of what was created and updated must stay within maxObjectsInGet. */
const MOST_CHANGES = 256

/** The mailboxes, or what changed of them, and how full they are. */
export function mailboxes(sinceState: string | null, quota: boolean): Call[] {
  return [
    ...(sinceState === null ? [call('Mailbox/get', 'get', { ids: null, properties: MAILBOX })] : changed(sinceState)),
    ...(quota ? [call('Quota/get', 'quota', { ids: null })] : [])
  ]
}

function changed(sinceState: string): Call[] {
  return [
    call('Mailbox/changes', 'changes', { sinceState }),
    call('Mailbox/get', 'created', {
      '#ids': reference('changes', 'Mailbox/changes', '/created'),
      properties: MAILBOX
    }),
    // All properties: Stalwart refuses a reference to `updatedProperties` while that is null.
    call('Mailbox/get', 'updated', {
      '#ids': reference('changes', 'Mailbox/changes', '/updated'),
      properties: MAILBOX
    })
  ]
}

export function emailChanges(sinceState: string): Call[] {
  return [
    call('Email/changes', 'changes', { sinceState, maxChanges: MOST_CHANGES }),
    call('Email/get', 'created', { '#ids': reference('changes', 'Email/changes', '/created'), properties: ROW }),
    call('Email/get', 'updated', { '#ids': reference('changes', 'Email/changes', '/updated'), properties: MUTABLE }),
    call('Thread/get', 'threads', { '#ids': reference('created', 'Email/get', '/list/*/threadId') })
  ]
}

export function queryOf(query: ListQuery): Record<string, unknown> {
  return {
    ...(filterOf(query) && { filter: filterOf(query) }),
    sort: [query.sort],
    collapseThreads: true,
    calculateTotal: true
  }
}

/** One window of a list: ids only. */
export function windowIds(query: ListQuery, from: number, to: number): Call[] {
  return [call('Email/query', 'query', { ...queryOf(query), position: from, limit: to - from })]
}

/** One window of a list, with all messages of its conversations (RFC 8621 §4.10). */
export function windowThreads(query: ListQuery, from: number, to: number): Call[] {
  return [...windowIds(query, from, to), ...threads({ '#ids': reference('query', 'Email/query', '/ids') })]
}

/** All messages of the conversations of these emails. */
export function threads(ids: { ids: readonly Id[] } | { '#ids': unknown }): Call[] {
  return [
    call('Email/get', 'emails', { ...ids, properties: ['threadId'] }),
    call('Thread/get', 'threads', { '#ids': reference('emails', 'Email/get', '/list/*/threadId') }),
    call('Email/get', 'members', {
      '#ids': reference('threads', 'Thread/get', '/list/*/emailIds'),
      properties: ROW
    })
  ]
}

export function conversation(threadId: Id): Call[] {
  return [
    call('Thread/get', 'threads', { ids: [threadId] }),
    call('Email/get', 'members', {
      '#ids': reference('threads', 'Thread/get', '/list/*/emailIds'),
      properties: ROW
    })
  ]
}

export function emails(ids: readonly Id[]): Call[] {
  return [call('Email/get', 'get', { ids, properties: ROW })]
}

export function bodies(ids: readonly Id[], octets: number): Call[] {
  return [
    call('Email/get', 'get', {
      ids,
      properties: BODY,
      bodyProperties: BODY_PART,
      fetchTextBodyValues: true,
      fetchHTMLBodyValues: true,
      maxBodyValueBytes: octets
    })
  ]
}
