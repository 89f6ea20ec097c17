/**
 * One round: in one request, or a few, what changed since the states that are known, the list that is shown, and what the
 * screen lacks. All responses are applied in one go.
 */
import { QUOTA } from '#lib/jmap/client.ts'
import * as calls from './calls.ts'
import { Facts } from './facts.ts'
import type { ListResponses, ListView } from './list-view.ts'
import type { Session } from './session.ts'
import { threadEmailsOf } from './thread-emails.ts'

/** RFC 8620 §5.5: what Cyrus answers for a mailbox that is no more. Stalwart finds nothing in it. */
const UNKNOWN_ID = 'invalidArguments'

/** Returns whether something is still outdated. Raises JmapFailure. */
export async function askWhatChanged(session: Session, outdated: boolean): Promise<boolean> {
  const { client, facts, lists, objects } = session
  const list = lists.shown
  const { emailState, mailboxState } = facts
  const open = emailState === null ? session.openThread : null
  const { met } = session.kept
  const [mailboxes, emails, responses, conversation] = await Promise.all([
    outdated ? client.run(calls.mailboxes(mailboxState, client.offers(QUOTA))) : null,
    outdated && emailState !== null ? client.run(calls.emailChanges(emailState)) : null,
    list ? list.ask(client, { anew: emailState === null, outdated }) : null,
    open === null ? null : client.run(calls.conversation(open))
  ])
  if (emails && !Facts.tells(emails)) {
    facts.lose()
    return true
  }
  let isOutdated = mailboxes !== null && !facts.takeMailboxes(mailboxes)
  if (list && responses && !fits(session, list, responses)) {
    return true
  }
  const listed = responses && [...responses.results, ...(conversation ? [conversation] : [])]
  const found = listed && (await threadEmailsOf(session, listed, emails))
  if (found) {
    facts.takeThreads(found, emailState === null)
  }
  if (emails) {
    // Behind the others: they may come from another request, and be older.
    facts.takeEmails(emails)
    session.tell('arrived', Facts.createdIn(emails))
  }
  isOutdated = (list && responses && list.apply(responses, objects, session.ports.now())) || isOutdated
  const { identityId: person, authservId } = client
  const whose = { person, address: session.address, authservId, labels: session.labels }
  const anew = emailState === null
  const changed = Facts.changedIn(emails)
  session.kept.note(whose, facts, { list: keepable(list), changed, anew, met: emails || anew ? met : null })
  return isOutdated
}

/** What only this device found is looked for again. */
function keepable(list: ListView | null): ListView | null {
  return list?.query.device ? null : list
}

/** Whether the responses are of a mailbox that there is. Else the next round asks for what there is. */
function fits({ facts, lists, objects }: Session, list: ListView, responses: ListResponses): boolean {
  const { mailboxId } = list.query
  if (mailboxId !== null && !objects.mailboxes.has(mailboxId)) {
    lists.choose()
    return false
  }
  // A restored mail server may know none of our ids, though its states are those that we know.
  if (facts.emailState !== null && responses.results.some((results) => results.errorOf('query') === UNKNOWN_ID)) {
    facts.lose()
    return false
  }
  return true
}
