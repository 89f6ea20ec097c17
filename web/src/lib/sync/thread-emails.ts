/** Messages and conversations out of the responses of a round, with those that only a further request brings. */
import type { JmapClient } from '#lib/jmap/client.ts'
import type { Results } from '#lib/jmap/results.ts'
import type { Email, GetResponse, Id, QueryResponse, Thread } from '#lib/jmap/types.ts'
import type { Objects } from '#lib/store/objects.ts'
import * as calls from './calls.ts'

export interface ThreadEmails {
  /** of the emails; null if none were asked for */
  state: string | null
  emails: Email[]
  threads: Thread[]
}

/** `responses` are those of `windowThreads`, `windowIds` and `conversation`; `changes` that of `emailChanges`, if any. */
export async function threadEmailsOf(
  { client, objects }: { client: JmapClient; objects: Objects },
  responses: readonly Results[],
  changes: Results | null
): Promise<ThreadEmails> {
  const found: ThreadEmails = { state: null, emails: [], threads: [] }
  for (const results of responses) {
    await take(found, client, results)
  }
  const missing = lacking(found, objects, responses, changes)
  if (missing.length > 0) {
    await take(found, client, await client.run(calls.threads({ ids: missing })))
  }
  return found
}

/** The listed emails that are not known, or whose conversation is not known whole. */
function lacking(found: ThreadEmails, objects: Objects, responses: readonly Results[], changes: Results | null): Id[] {
  const created = changes?.find<GetResponse<Email>>('created')?.list ?? []
  const threads = changes?.find<GetResponse<Thread>>('threads')?.list ?? []
  const emails = new Map([...created, ...found.emails].map((email) => [email.id, email]))
  const members = new Map([...threads, ...found.threads].map(({ id, emailIds }) => [id, emailIds]))
  const known = (id: Id): Email | undefined => emails.get(id) ?? objects.baseOf(id)
  const isWhole = (id: Id): boolean => {
    const threadId = known(id)?.threadId
    return threadId !== undefined && (members.get(threadId) ?? objects.thread(threadId)).every(known)
  }
  const listed = responses.flatMap((results) => results.find<QueryResponse>('query')?.ids ?? [])
  return listed.filter((id) => !isWhole(id))
}

async function take(found: ThreadEmails, client: JmapClient, results: Results): Promise<void> {
  if (results.errorOf('threads') !== null) {
    // The cause is the first failed call among those that it refers to.
    ;['query', 'emails', 'threads'].filter((id) => results.errorOf(id) !== null).forEach((id) => results.get(id))
  }
  const threads = results.find<GetResponse<Thread>>('threads')
  if (!threads) {
    // A window of ids.
    return
  }
  found.threads.push(...threads.list)
  const members =
    results.find<GetResponse<Email>>('members') ??
    // RFC 8620 §5.1, requestTooLarge: more messages than one call may ask for.
    (await client.run(calls.emails(threads.list.flatMap(({ emailIds }) => emailIds)))).get<GetResponse<Email>>('get')
  found.emails.push(...members.list)
  found.state ??= members.state
}
