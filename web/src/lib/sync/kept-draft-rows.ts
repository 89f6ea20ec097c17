/**
 * The rows of Drafts that this device keeps, besides those that the mail server listed last. Off line, a draft that was stored
 * since then would be nowhere: its window is closed, and only the mail server's list would name it.
 */
import type { Email, Id } from '#lib/jmap/types.ts'
import type { Objects } from '#lib/store/objects.ts'
import type { ListView } from './list-view.ts'
import type { Session } from './session.ts'

/** Adds them to the list of the drafts, if it shows all of them, unless the mail server answers before. Returns whether there
 * are any. */
export async function addKeptDraftRows(session: Session, list: ListView): Promise<boolean> {
  const { mailboxId, filter, sort } = list.query
  if (session.list !== list || mailboxId === null || filter !== null) return false
  if (sort.property !== 'receivedAt' || sort.isAscending) return false
  const { objects } = session
  const isIn = (email: Email): boolean => mailboxId in email.mailboxIds
  await readKept(session, isIn, () => session.list === list && !isAnswered(list))
  return !isAnswered(list) && addOnTop(list, newestOfEach([...objects.emails()].filter(isIn)), objects)
}

/** The server has listed it since it is shown: nothing that this device kept is newer. */
function isAnswered({ list, isStale }: ListView): boolean {
  return list.queryState !== null && !isStale
}

/** Reads the emails that are kept and match, with their conversations, while `goesOn` says so: there may be 50,000. */
async function readKept(
  { objects, facts, kept }: Session,
  matches: (email: Email) => boolean,
  goesOn: () => boolean
): Promise<void> {
  const { generation } = facts
  try {
    const searches = goesOn() ? await kept.searches() : null
    const found: Email[] = []
    for await (const part of searches?.emails() ?? []) {
      if (!goesOn()) return
      found.push(...part.filter((email) => matches(email) && !objects.baseOf(email.id)))
    }
    const kin = found.length > 0 ? await searches?.threadsOf(found) : null
    // A round that came between told of changes to mail that was not here yet.
    if (kin && facts.generation === generation) objects.restore(kin.emails, kin.threads)
  } catch {
    // The database is closed or broken: the drafts in memory are all that is known.
  }
}

/** Of each conversation the newest one, the newest first. */
function newestOfEach(emails: readonly Email[]): Id[] {
  const newest = new Map<Id, Email>()
  for (const email of emails.toSorted((one, other) => (one.receivedAt < other.receivedAt ? -1 : 1))) {
    newest.delete(email.threadId)
    newest.set(email.threadId, email)
  }
  return [...newest.values()].map(({ id }) => id).toReversed()
}

/** Emails that came to it since the server listed it last, the newest first. Returns whether there are any. */
function addOnTop(to: ListView, ids: readonly Id[], objects: Objects): boolean {
  const threads = new Set([...to.ids()].map((id) => objects.baseOf(id)?.threadId))
  const fresh = ids.filter((id) => !threads.has(objects.baseOf(id)?.threadId))
  if (fresh.length === 0) return false
  const [top] = to.list.windows
  const below = top?.from === 0 ? top.ids : []
  const total = (to.list.total ?? 0) + fresh.length
  to.list = { total, queryState: null, windows: [{ from: 0, ids: [...fresh, ...below] }] }
  return true
}
