/**
 * Sends an answer, once. If no answer of the server comes, nobody knows whether it was sent: the mail is looked for by
 * its Message-ID, which is ours, before it is handed over again.
 */
import { call, reference, type Results } from '#lib/jmap/client.ts'
import { JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { Call, EmailAddress, GetResponse, Id, Identity, QueryResponse, SetResponse } from '#lib/jmap/types.ts'
import { messageIdFor, replyHeaders, type Answered } from '#lib/mail/reply-headers.ts'
import { replySubject } from '#lib/mail/reply.ts'
import type { Account } from './account.ts'

export interface Outgoing {
  to: EmailAddress[]
  cc: EmailAddress[]
  subject: string
  /** what was typed: by it a mail is known again, since what is quoted depends on what is loaded, and on the language */
  text: string
  quoted: string
  answered: Answered & { id: Id }
}

/** Milliseconds before each question whether a mail was sent: the server may still be at it. */
const ASK_AFTER = [2_000, 5_000, 15_000]

/** Code of a mail that only some got: it is sent. */
const SOME_REFUSED = 'some_recipients_refused'

/** Mails among which one is looked for that was sent a moment ago. */
const NEWEST = 20

interface Mailboxes {
  drafts: Id
  sent: Id
}

interface Found {
  id: Id
  mailboxIds: Record<Id, boolean>
  messageId: string[] | null
}

interface Submission {
  undoStatus: string
  deliveryStatus: Record<string, { delivered: string; smtpReply: string }> | null
}

/** Raises JmapFailure if it was not sent, or nobody knows: the text stays where it is. */
export async function send(account: Account, outgoing: Outgoing, unique: string): Promise<void> {
  const { drafts } = account.kept
  const { id } = outgoing.answered
  await account.connected()
  const before = drafts.get(id).sending
  if (before) {
    const wasSent = await settle(account, before.messageId)
    await drafts.sending(id, null)
    if (wasSent && before.text === outgoing.text) {
      return
    }
  }
  const messageId = messageIdFor(account.address, unique)
  await drafts.sending(id, { messageId, text: outgoing.text })
  try {
    await handOver(account, outgoing, messageId).catch((failure: unknown) =>
      isAmbiguous(failure) ? askUntilKnown(account, outgoing, messageId, failure) : Promise.reject(failure as Error)
    )
  } catch (failure) {
    if (failure instanceof JmapFailure && failure.code === SOME_REFUSED) {
      drafts.sent(id)
    } else if (!isAmbiguous(failure)) {
      await drafts.sending(id, null)
    }
    throw failure
  }
  drafts.sent(id)
}

function isAmbiguous(failure: unknown): failure is JmapFailure {
  return failure instanceof JmapFailure && failure.ambiguous
}

/** Resolves if it was sent, after all or by now. */
async function askUntilKnown(
  account: Account,
  outgoing: Outgoing,
  messageId: string,
  failure: JmapFailure
): Promise<void> {
  for (const [number, pause] of ASK_AFTER.entries()) {
    await new Promise<void>((resolve) => account.ports.after(pause, resolve))
    try {
      if (await settle(account, messageId)) {
        return
      }
      // Asked twice and not there: the request did not arrive, or its answer would be long overdue.
      if (number > 0) {
        await handOver(account, outgoing, messageId)
        return
      }
    } catch (again) {
      if (!(again instanceof JmapFailure && (again.transient || again.ambiguous))) {
        throw again
      }
    }
  }
  throw new JmapFailure('outcome_unknown', { ambiguous: true, reference: failure.reference })
}

async function handOver(account: Account, outgoing: Outgoing, messageId: string): Promise<void> {
  const boxes = mailboxesOf(account)
  const identity = await identityOf(account)
  const email = {
    mailboxIds: { [boxes.drafts]: true },
    keywords: { $draft: true, $seen: true },
    from: [{ name: identity.name || null, email: senderOf(identity, account.address) }],
    to: outgoing.to,
    cc: outgoing.cc,
    subject: replySubject(outgoing.subject),
    messageId: [messageId],
    ...replyHeaders(outgoing.answered),
    bodyValues: {
      text: { value: outgoing.quoted ? `${outgoing.text.trimEnd()}\n\n${outgoing.quoted}` : outgoing.text }
    },
    textBody: [{ partId: 'text', type: 'text/plain' }]
  }
  const results = await account.client.run([
    call('Email/set', 'email', { create: { draft: email } }),
    ...submission(identity.id, '#draft', boxes)
  ])
  const { created, notCreated } = results.get<SetResponse>('email')
  const draft = created?.['draft']
  if (!draft) {
    throw refusal(notCreated?.['draft'] ?? { type: 'unknown' })
  }
  await outcome(account, results, draft.id)
}

function submission(identityId: Id, emailId: string, boxes: Mailboxes): Call[] {
  return [
    call('EmailSubmission/set', 'submission', {
      create: { send: { identityId, emailId } },
      onSuccessUpdateEmail: {
        '#send': { [`mailboxIds/${boxes.drafts}`]: null, [`mailboxIds/${boxes.sent}`]: true, 'keywords/$draft': null }
      }
    })
  ]
}

/** Whether the mail server took it for its recipients; a draft that it refused is taken away again. */
async function outcome(account: Account, results: Results, emailId: Id): Promise<void> {
  const set = results.find<SetResponse>('submission')
  const created = set?.created?.['send']
  if (!created) {
    const failure = set?.notCreated?.['send'] ? refusal(set.notCreated['send']) : null
    if (failure) {
      await account.client.run([call('Email/set', 'undo', { destroy: [emailId] })])
    }
    results.get('submission')
    throw failure ?? new JmapFailure('unknown', { ambiguous: true })
  }
  const status = await account.client.run([
    call('EmailSubmission/get', 'get', { ids: [created.id], properties: ['undoStatus', 'deliveryStatus'] })
  ])
  const [found] = status.find<GetResponse<Submission>>('get')?.list ?? []
  const refused = Object.entries(found?.deliveryStatus ?? {}).filter(([, { delivered }]) => delivered === 'no')
  if (refused.length > 0) {
    const all = refused.length === Object.keys(found?.deliveryStatus ?? {}).length
    // RFC 8621 §7: a submission that reached nobody is created all the same.
    const detail = refused.map(([address, { smtpReply }]) => `${address}: ${smtpReply}`).join('\n')
    throw new JmapFailure(all ? 'refused_recipients' : SOME_REFUSED, { detail })
  }
}

/** Find out what became of a mail, and finish what was begun; whether it is sent. */
async function settle(account: Account, messageId: string): Promise<boolean> {
  const boxes = mailboxesOf(account)
  const found = await find(account, messageId, boxes)
  if (!found) {
    return false
  }
  if (!found.mailboxIds[boxes.drafts]) {
    return true
  }
  const submissions = await account.client.run([
    call('EmailSubmission/query', 'query', { filter: { emailIds: [found.id] } })
  ])
  if (submissions.get<QueryResponse>('query').ids.length > 0) {
    return true
  }
  const identity = await identityOf(account)
  await outcome(account, await account.client.run(submission(identity.id, found.id, boxes)), found.id)
  return true
}

/** Among the newest mails of Drafts and Sent: a search for the header would ask an index that comes later. */
async function find(account: Account, messageId: string, boxes: Mailboxes): Promise<Found | undefined> {
  const groups = [boxes.drafts, boxes.sent].map((inMailbox) => [
    call('Email/query', 'query', {
      filter: { inMailbox },
      sort: [{ property: 'receivedAt', isAscending: false }],
      limit: NEWEST
    }),
    call('Email/get', 'get', {
      '#ids': reference('query', 'Email/query', '/ids'),
      properties: ['id', 'mailboxIds', 'messageId']
    })
  ])
  const results = await Promise.all(groups.map((group) => account.client.run(group)))
  return results
    .flatMap((found) => found.get<GetResponse<Found>>('get').list)
    .find((email) => email.messageId?.includes(messageId))
}

function mailboxesOf(account: Account): Mailboxes {
  const all = [...account.objects.mailboxes.values()]
  const drafts = all.find(({ role }) => role === 'drafts')?.id
  const sent = all.find(({ role }) => role === 'sent')?.id
  if (drafts === undefined) {
    throw new JmapFailure('no_drafts_mailbox')
  }
  // Without a mailbox for what was sent it stays among the drafts, no longer as one.
  return { drafts, sent: sent ?? drafts }
}

/** RFC 8621 §6: `*@example.org` stands for every address of a domain; that of Cyrus is empty. */
function senderOf({ email }: Identity, own: string): string {
  return email === '' || email.startsWith('*@') ? own : email
}

async function identityOf(account: Account): Promise<Identity> {
  const results = await account.client.run([call('Identity/get', 'get', { ids: null })])
  const { list } = results.get<GetResponse<Identity>>('get')
  const own = list.find(({ email }) => email.toLowerCase() === account.address.toLowerCase()) ?? list[0]
  if (!own) {
    throw new JmapFailure('forbiddenFrom')
  }
  return own
}
