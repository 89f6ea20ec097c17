/**
 * One round: in one request, or a few, what changed since the states that are known, the list that is shown, and what the
 * screen lacks. All responses are applied in one go.
 */
import { QUOTA, type JmapClient } from '#lib/jmap/client.ts'
import type { Email, Id } from '#lib/jmap/types.ts'
import type { Objects } from '#lib/store/objects.ts'
import * as calls from './calls.ts'
import { Facts } from './facts.ts'
import type { Kept } from './kept.ts'
import type { ListResponses, ListView } from './list-view.ts'
import type { Lists } from './lists.ts'
import type { Ports } from './ports.ts'
import { threadEmailsOf } from './thread-emails.ts'

/** RFC 8620 §5.5: what Cyrus answers for a mailbox that is no more. Stalwart finds nothing in it. */
const UNKNOWN_ID = 'invalidArguments'

interface Account {
  readonly client: JmapClient
  readonly objects: Objects
  readonly facts: Facts
  readonly kept: Kept
  readonly ports: Ports
  readonly openThread: Id | null
  readonly address: string
  readonly labels: readonly unknown[]
  readonly onarrived: (created: readonly Email[]) => void
}

/** Returns whether something is still outdated. Raises JmapFailure. */
export async function askWhatChanged(account: Account, lists: Lists, outdated: boolean): Promise<boolean> {
  const { client, facts, objects } = account
  const list = lists.shown
  const { emailState, mailboxState } = facts
  const open = emailState === null ? account.openThread : null
  const { met } = account.kept
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
  if (list && responses && !fits(account, lists, list, responses)) {
    return true
  }
  const listed = responses && [...responses.results, ...(conversation ? [conversation] : [])]
  const found = listed && (await threadEmailsOf(account, listed, emails))
  if (found) {
    facts.takeThreads(found, emailState === null)
  }
  if (emails) {
    // Behind the others: they may come from another request, and be older.
    facts.takeEmails(emails)
    account.onarrived(Facts.createdIn(emails))
  }
  isOutdated = (list && responses && list.apply(responses, objects, account.ports.now())) || isOutdated
  const { identityId: person, authservId } = client
  const whose = { person, address: account.address, authservId, labels: account.labels }
  const anew = emailState === null
  const changed = Facts.changedIn(emails)
  account.kept.note(whose, facts, { list: keepable(list), changed, anew, met: emails || anew ? met : null })
  return isOutdated
}

/** What only this device found is looked for again. */
function keepable(list: ListView | null): ListView | null {
  return list?.query.device ? null : list
}

/** Whether the responses are of a mailbox that there is. Else the next round asks for what there is. */
function fits({ facts, objects }: Account, lists: Lists, list: ListView, responses: ListResponses): boolean {
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
