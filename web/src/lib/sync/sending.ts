/**
 * Sends a reply, once. If no response of the server comes, nobody knows whether it was sent: the mail is looked for by
 * its Message-ID, which is ours, before it is handed over again. The request without a response may still be on its way,
 * for as long as the gateway waits for the mail server. So each request holds only for the state that was seen before it
 * (RFC 8620 §5.3, ifInState): of two of them the mail server refuses the one that comes second.
 */
import { call } from '#lib/jmap/client.ts'
import { asUnambiguous, JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { Results } from '#lib/jmap/results.ts'
import type { Call, EmailAddress, GetResponse, Id, Identity, SetResponse } from '#lib/jmap/types.ts'
import { messageIdFor, replyHeaders, type ParentIds } from '#lib/mail/reply-headers.ts'
import { replySubject } from '#lib/mail/reply.ts'
import type { Account } from './account.ts'
import { deliveryOf, type Submission } from './delivery.ts'
import { mailboxesOf, whatBecameOf, type HandedOver, type Mailboxes } from './handed-over.ts'

export interface Outgoing {
  to: EmailAddress[]
  cc: EmailAddress[]
  subject: string
  /** what was typed: by it a mail is known again, since what is quoted depends on what is loaded, and on the language */
  text: string
  quoted: string
  parent: ParentIds & { id: Id }
}

/** Milliseconds before each question whether a mail was sent: the server may still be at it. */
const ASK_AFTER = [2_000, 5_000, 15_000]

/** Tries while other mail comes and goes at the same moment. */
const MOST_TRIES = 4

/** Code of a mail that only some got: it is sent. */
const SOME_REFUSED = 'some_recipients_refused'

/** Code of a mail that nobody got. */
const ALL_REFUSED = 'refused_recipients'

/** Raises JmapFailure if it was not sent, or nobody knows: the text stays where it is. */
export async function send(account: Account, outgoing: Outgoing, unique: string): Promise<void> {
  await account.connected()
  await account.kept.drafts.alone(outgoing.parent.id, () => sendAlone(account, outgoing, unique))
}

async function sendAlone(account: Account, outgoing: Outgoing, unique: string): Promise<void> {
  const { drafts } = account.kept
  const { id } = outgoing.parent
  const before = drafts.get(id).sending
  const isSame = before?.text === outgoing.text
  const known = before && (await whatBecameOf(account, before.messageId))
  if (known?.isSent && isSame) {
    drafts.sent(id)
    return
  }
  const messageId = before && isSame ? before.messageId : messageIdFor(account.address, unique)
  await drafts.sending(id, { messageId, text: outgoing.text })
  try {
    await handOverOnce(account, outgoing, messageId, known).catch((failure: unknown) =>
      isAmbiguous(failure) ? askUntilKnown(account, outgoing, messageId, failure) : Promise.reject(failure as Error)
    )
  } catch (failure) {
    if (failure instanceof JmapFailure && failure.code === SOME_REFUSED) {
      drafts.sent(id)
    } else if (!isAmbiguous(failure) && !(failure instanceof JmapFailure && failure.code === ALL_REFUSED)) {
      // One that was refused may still be there, if it could not be taken back: the next sending looks for it.
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
      const known = await whatBecameOf(account, messageId)
      if (known.isSent) {
        return
      }
      // Asked twice and not sent: the request did not arrive, or its response would be long overdue.
      if (number > 0) {
        await handOverOnce(account, outgoing, messageId, known)
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

/** `known` is what became of it so far; null: it was never handed over. */
async function handOverOnce(
  account: Account,
  outgoing: Outgoing,
  messageId: string,
  known: HandedOver | null
): Promise<void> {
  for (let attempt = 0; attempt < MOST_TRIES; attempt += 1) {
    if (await handOver(account, outgoing, messageId, known)) {
      return
    }
    known = await whatBecameOf(account, messageId)
    if (known.isSent) {
      return
    }
  }
  throw new JmapFailure('stateMismatch', { transient: true })
}

/** False if something changed since `known`, and nothing was done. */
async function handOver(
  account: Account,
  outgoing: Outgoing,
  messageId: string,
  known: HandedOver | null
): Promise<boolean> {
  const boxes = mailboxesOf(account)
  const { identity, state } = await identityAndState(account).catch((failure: unknown) => {
    // Nothing is handed over yet: that is certain, and need not be asked.
    throw asUnambiguous(failure)
  })
  const results = await account.client.run([
    call('Email/set', 'email', {
      ifInState: known?.state ?? state,
      create: { draft: emailOf(account, outgoing, messageId, { identity, boxes }) },
      // A late submission of it finds it no more.
      ...(known?.draft && { destroy: [known.draft] })
    }),
    submission(identity.id, boxes)
  ])
  if (results.errorOf('email') === 'stateMismatch') {
    return false
  }
  const { created, notCreated } = results.get<SetResponse>('email')
  const draft = created?.['draft']
  if (!draft) {
    throw refusal(notCreated?.['draft'] ?? { type: 'unknown' })
  }
  await outcome(account, results, draft.id)
  return true
}

interface From {
  identity: Identity
  boxes: Mailboxes
}

function emailOf(account: Account, outgoing: Outgoing, messageId: string, { identity, boxes }: From): object {
  return {
    mailboxIds: { [boxes.drafts]: true },
    keywords: { $draft: true, $seen: true },
    from: [{ name: identity.name || null, email: senderOf(identity, account.address) }],
    to: outgoing.to,
    cc: outgoing.cc,
    subject: replySubject(outgoing.subject),
    messageId: [messageId],
    ...replyHeaders(outgoing.parent),
    bodyValues: {
      text: { value: outgoing.quoted ? `${outgoing.text.trimEnd()}\n\n${outgoing.quoted}` : outgoing.text }
    },
    textBody: [{ partId: 'text', type: 'text/plain' }]
  }
}

function submission(identityId: Id, boxes: Mailboxes): Call {
  return call('EmailSubmission/set', 'submission', {
    create: { send: { identityId, emailId: '#draft' } },
    onSuccessUpdateEmail: {
      '#send': { [`mailboxIds/${boxes.drafts}`]: null, [`mailboxIds/${boxes.sent}`]: true, 'keywords/$draft': null }
    }
  })
}

/** Whether the mail server took it for its recipients. What reached nobody is taken back: among the sent mails and in the
 * conversation it would look as if it were sent. Its text is kept, and is what is sent next. */
async function outcome(account: Account, results: Results, emailId: Id): Promise<void> {
  const set = results.find<SetResponse>('submission')
  const created = set?.created?.['send']
  if (!created) {
    const failure = set?.notCreated?.['send'] ? refusal(set.notCreated['send']) : null
    if (failure) {
      await takeBack(account, emailId)
    }
    results.get('submission')
    throw failure ?? new JmapFailure('unknown', { ambiguous: true })
  }
  const { refusals, reachedNobody } = deliveryOf(await submissionOf(account, created.id))
  if (reachedNobody) {
    await takeBack(account, emailId)
  }
  if (refusals.length > 0) {
    throw new JmapFailure(reachedNobody ? ALL_REFUSED : SOME_REFUSED, { detail: refusals.join('\n') })
  }
}

/** Never rejects: that it was refused is what matters, whether or not it can be taken back. */
async function takeBack(account: Account, emailId: Id): Promise<void> {
  await account.client.run([call('Email/set', 'undo', { destroy: [emailId] })]).catch(() => undefined)
  // No live event tells what this device removed.
  void account.hint()
}

/** Undefined if it cannot be had: the mail is sent, and a failure here must not look as if it were not. */
async function submissionOf(account: Account, submissionId: Id): Promise<Submission | undefined> {
  const get = call('EmailSubmission/get', 'get', { ids: [submissionId], properties: ['deliveryStatus'] })
  const found = await account.client.run([get]).catch(() => null)
  return found?.find<GetResponse<Submission>>('get')?.list[0]
}

/** RFC 8621 §6: `*@example.org` stands for every address of a domain; that of Cyrus is empty. */
function senderOf({ email }: Identity, own: string): string {
  return email === '' || email.startsWith('*@') ? own : email
}

/** As whom to send, and the state of all emails. */
async function identityAndState(account: Account): Promise<{ identity: Identity; state: string }> {
  const results = await account.client.run([
    call('Identity/get', 'get', { ids: null }),
    call('Email/get', 'state', { ids: [] })
  ])
  const { list } = results.get<GetResponse<Identity>>('get')
  const identity = list.find(({ email }) => email.toLowerCase() === account.address.toLowerCase()) ?? list[0]
  if (!identity) {
    throw new JmapFailure('forbiddenFrom')
  }
  return { identity, state: results.get<GetResponse<never>>('state').state }
}
