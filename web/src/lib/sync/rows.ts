/** Messages and conversations out of the answers of a round, with those that only a further request brings. */
import type { JmapClient } from '#lib/jmap/client.ts'
import type { Results } from '#lib/jmap/results.ts'
import type { Email, GetResponse, Id, QueryResponse, Thread } from '#lib/jmap/types.ts'
import type { Objects } from '#lib/store/objects.ts'
import * as calls from './calls.ts'

export interface Rows {
  /** of the emails; null if none were asked for */
  state: string | null
  emails: Email[]
  threads: Thread[]
}

/** `answers` are those of `windowRows`, `windowIds` and `conversation`; `changes` that of `emailChanges`, if any. */
export async function rowsOf(
  { client, objects }: { client: JmapClient; objects: Objects },
  answers: readonly Results[],
  changes: Results | null
): Promise<Rows> {
  const rows: Rows = { state: null, emails: [], threads: [] }
  for (const results of answers) {
    await take(rows, client, results)
  }
  const missing = lacking(rows, objects, answers, changes)
  if (missing.length > 0) {
    await take(rows, client, await client.run(calls.rowsOf({ ids: missing })))
  }
  return rows
}

/** The listed emails that are not known, or whose conversation is not known whole. */
function lacking(rows: Rows, objects: Objects, answers: readonly Results[], changes: Results | null): Id[] {
  const created = changes?.find<GetResponse<Email>>('created')?.list ?? []
  const threads = changes?.find<GetResponse<Thread>>('threads')?.list ?? []
  const emails = new Map([...created, ...rows.emails].map((email) => [email.id, email]))
  const members = new Map([...threads, ...rows.threads].map(({ id, emailIds }) => [id, emailIds]))
  const known = (id: Id): Email | undefined => emails.get(id) ?? objects.baseOf(id)
  const isWhole = (id: Id): boolean => {
    const threadId = known(id)?.threadId
    return threadId !== undefined && (members.get(threadId) ?? objects.thread(threadId)).every(known)
  }
  const listed = answers.flatMap((results) => results.find<QueryResponse>('query')?.ids ?? [])
  return listed.filter((id) => !isWhole(id))
}

async function take(rows: Rows, client: JmapClient, results: Results): Promise<void> {
  if (results.errorOf('threads') !== null) {
    // Of the calls that it refers to, the first that failed is the cause.
    ;['query', 'emails', 'threads'].filter((id) => results.errorOf(id) !== null).forEach((id) => results.get(id))
  }
  const threads = results.find<GetResponse<Thread>>('threads')
  if (!threads) {
    // A window of ids.
    return
  }
  rows.threads.push(...threads.list)
  const members =
    results.find<GetResponse<Email>>('members') ??
    // RFC 8620 §5.1, requestTooLarge: more messages than one call may ask for.
    (await client.run(calls.emailRows(threads.list.flatMap(({ emailIds }) => emailIds)))).get<GetResponse<Email>>('get')
  rows.emails.push(...members.list)
  rows.state ??= members.state
}
