/** A search in what this device has of the mail: at once, and offline. */
import type { KeptBody } from '#lib/cache/cache.ts'
import type { KeptSearches } from '#lib/search/device/searches.ts'
import type { Email, EmailAddress, EmailBody, Id } from '#lib/jmap/types.ts'
import { matches, type Candidate } from '#lib/search/domain/search-match.ts'
import type { Objects } from '#lib/store/objects.ts'
import { leavesOut, type SearchPlan } from './search-plan.ts'

/** Conversations: nobody scrolls further before the mail server answers. */
const MOST = 500

/** What a body shows. Handed in: the first view has it, and would have to share it. */
export type ReadBody = (body: EmailBody) => { readonly text: string; readonly attachments: readonly { name: string }[] }

/**
 * The newest message that matches of each conversation, the newest first: by what the rows say, then by all that is here.
 * `goesOn` is asked between the parts: the mail server may answer first.
 */
export async function* foundOnDevice(
  plan: SearchPlan,
  objects: Objects,
  kept: KeptSearches | null,
  { read, goesOn }: { read: ReadBody; goesOn: () => boolean }
): AsyncGenerator<readonly Email[]> {
  const emails = new Map<Id, Email>()
  const found = new Map<Id, Email>()
  const look = (email: Email, body?: KeptBody): void => {
    const known = found.get(email.threadId)
    const isOlder = known !== undefined && known.receivedAt >= email.receivedAt
    if (
      !isOlder &&
      isAllowed(email, plan) &&
      matches(plan.query, candidateOf(email, body && { ...body, ...read(body.body) }), plan.around)
    ) {
      found.set(email.threadId, email)
    }
  }
  const meet = (email: Email): void => {
    emails.set(email.id, email)
    look(email)
  }
  for (const email of objects.emails()) meet(email)
  for await (const part of kept?.emails() ?? []) {
    if (!goesOn()) return
    part.filter(({ id }) => !emails.has(id)).forEach(meet)
  }
  yield newestFirst(found)
  for await (const part of kept?.bodies() ?? []) {
    if (!goesOn()) return
    for (const body of part) {
      const email = emails.get(body.id)
      if (email) look(email, body)
    }
  }
  yield newestFirst(found)
}

function newestFirst(found: ReadonlyMap<Id, Email>): readonly Email[] {
  return [...found.values()].toSorted((one, other) => (one.receivedAt < other.receivedAt ? 1 : -1)).slice(0, MOST)
}

function isAllowed({ mailboxIds }: Email, plan: SearchPlan): boolean {
  return !leavesOut(plan) || Object.keys(mailboxIds).some((id) => !plan.around.aside.includes(id))
}

function candidateOf(email: Email, kept?: KeptBody & ReturnType<ReadBody>): Candidate {
  return {
    from: textOf(email.from),
    to: textOf(email.to),
    cc: kept ? textOf(kept.body.cc) : null,
    subject: email.subject ?? '',
    text: kept?.text ?? email.preview ?? '',
    hasWholeText: kept?.whole ?? false,
    fileNames: kept?.attachments.map(({ name }) => name) ?? null,
    // A row of an older version of this page has none.
    size: (email as Partial<Email>).size ?? null,
    mailboxIds: email.mailboxIds,
    keywords: email.keywords,
    receivedAt: new Date(email.receivedAt),
    hasAttachment: email.hasAttachment
  }
}

function textOf(addresses: readonly EmailAddress[] | null): string {
  return (addresses ?? []).map(({ name, email }) => `${name ?? ''} ${email}`).join(' ')
}
