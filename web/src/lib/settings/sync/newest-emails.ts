/** The emails that came last, with what filters look at. */
import { call, reference } from '#lib/jmap/client.ts'
import type { EmailAddress, GetResponse, Id } from '#lib/jmap/types.ts'
import { unencoded } from '#lib/mail/encoded-words.ts'
import type { Part } from '#lib/settings/domain/condition-code.ts'
import { folded, type Candidate } from '#lib/settings/domain/match.ts'
import type { Session } from '#lib/sync/session.ts'

/** On how many of them a filter is tried. */
const MOST_EMAILS = 500

export interface NewestEmail extends Candidate {
  readonly id: Id
  readonly receivedAt: Date
}

interface Found {
  readonly id: Id
  readonly receivedAt: string
  readonly from: EmailAddress[] | null
  readonly to: EmailAddress[] | null
  readonly cc: EmailAddress[] | null
  readonly bcc: EmailAddress[] | null
  readonly subject: string | null
  readonly size: number
  readonly attachments: readonly Part[]
}

const PROPERTIES = ['id', 'receivedAt', 'from', 'to', 'cc', 'bcc', 'subject', 'size', 'attachments']
/** Filters compare the text of these, not only their addresses. */
const HEADERS = ['from', 'to', 'cc', 'bcc', 'list-id']
/** Filters sort what arrives, but not spam; and what was deleted stays in the Trash. */
const NOT_SORTED = ['sent', 'drafts', 'junk', 'trash']

/** `headers`: further ones that filters look at. Raises JmapFailure. */
export async function newestEmails(session: Session, headers: readonly string[]): Promise<NewestEmail[]> {
  await session.connected()
  const names = [...new Set([...HEADERS, ...headers.map(folded)])]
  const properties = [...PROPERTIES, ...names.map(propertyOf)]
  const aside = [...session.objects.mailboxes.values()].filter(({ role }) => NOT_SORTED.includes(role ?? ''))
  const results = await session.client.run([
    call('Email/query', 'query', {
      filter: aside.length > 0 ? { inMailboxOtherThan: aside.map(({ id }) => id) } : null,
      sort: [{ property: 'receivedAt', isAscending: false }],
      limit: Math.min(MOST_EMAILS, session.client.limits.maxObjectsInGet)
    }),
    call('Email/get', 'get', {
      '#ids': reference('query', 'Email/query', '/ids'),
      properties,
      bodyProperties: ['type', 'disposition']
    })
  ])
  const emails = results.get<GetResponse<Found>>('get').list.map((found) => newestEmail(found, names))
  return emails.toSorted((one, other) => other.receivedAt.getTime() - one.receivedAt.getTime())
}

function propertyOf(name: string): string {
  return `header:${name}:all`
}

function newestEmail(found: Found, names: readonly string[]): NewestEmail {
  const texts = new Map(names.map((name) => [name, textsIn(found, name)]))
  return {
    id: found.id,
    receivedAt: new Date(found.receivedAt),
    from: found.from ?? [],
    to: found.to ?? [],
    cc: found.cc ?? [],
    bcc: found.bcc ?? [],
    subject: found.subject ?? '',
    size: found.size,
    attachments: found.attachments,
    headers: (name) => texts.get(name) ?? null
  }
}

function textsIn(found: object, name: string): string[] {
  const raw = (found as Record<string, unknown>)[propertyOf(name)]
  return Array.isArray(raw) ? raw.map((text) => unencoded(String(text)).trim()) : []
}
