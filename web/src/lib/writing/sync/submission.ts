/**
 * Submits an email, cancels its submission, and asks what became of it (RFC 8621 §7).
 *
 * Stalwart 0.16 differs from RFC 8621 (crates/jmap/src/submission/set.rs). It ignores `ifInState`. It queues the mail before it
 * writes the submission, so `serverUnavailable`, its response to each mistake of its own, does not tell whether the mail
 * leaves. In a cancellation it takes the id in `onSuccessUpdateEmail` for that of an email, and changes another one: so the
 * email is moved back by a request of its own.
 */
import { addressKey, sentAddress } from '#lib/writing/domain/address.ts'
import { everybody } from '#lib/writing/domain/addressees.ts'
import type { Draft, Sending } from '#lib/writing/domain/draft.ts'
import type { Submission } from '#lib/writing/domain/delivery.ts'
import type { FinalEmail, SubmissionStatus } from '#lib/writing/domain/verdict.ts'
import { call, reference } from '#lib/jmap/client.ts'
import { maxDelayedSend } from '#lib/jmap/delayed-send.ts'
import { asAmbiguous, asUnambiguous, JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { Results } from '#lib/jmap/results.ts'
import type { Arguments, Call, Id, SetResponse } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import { addressOf } from './identities.ts'
import { identityOf } from './final-email.ts'
import { mailboxOfRole } from '#lib/sync/mailbox-roles.ts'
import { errorIn, foundIn, idOf, setIn, unclear } from './responses.ts'

const PROPERTIES = ['id', 'emailId', 'undoStatus', 'sendAt', 'deliveryStatus']

/** Seconds for which the mail server holds mail. It may refuse what it offers (Stalwart: 30 days, and 7 by default). */
export function mostHeld({ client }: Session): number {
  return maxDelayedSend(client)
}

/** The calls that submit it. `hold`: seconds for which the mail server holds it. Raises JmapFailure; nothing was changed. */
export async function submitCalls(session: Session, draft: Draft, emailId: Id, hold: number): Promise<Call[]> {
  const identity = await identityOf(session, draft.identityId)
  const boxes = await Promise.all(['drafts', 'sent'].map((role) => mailboxOfRole(session, role))).catch(
    (failure: unknown) => {
      throw asUnambiguous(failure)
    }
  )
  const create = {
    identityId: identity.id,
    emailId,
    envelope: submissionEnvelope(draft, addressOf(identity, session.address), hold)
  }
  const set = call('EmailSubmission/set', 'set', {
    create: { send: create },
    onSuccessUpdateEmail: { '#send': moved(boxes[0] ?? '', boxes[1] ?? '', false) }
  })
  return [set, ...asked([emailId], emailId)]
}

/** Moves an email between Drafts and Sent, and sets or clears `$draft`. */
function moved(from: Id, to: Id, isDraft: boolean): Record<string, true | null> {
  return {
    ...(from !== to && { [`mailboxIds/${from}`]: null, [`mailboxIds/${to}`]: true }),
    'keywords/$draft': isDraft || null
  }
}

/** Returns what became of it, or null if the response does not tell. Raises JmapFailure: it was refused, or, if the failure
 * is ambiguous, it may have been submitted. */
export async function submit(
  { client }: Session,
  calls: readonly Call[],
  emailId: Id
): Promise<SubmissionStatus | null> {
  const results = await client.run(calls)
  const set = results.find<SetResponse>('set')
  if (!set) {
    throw asAmbiguous(failureOf(results))
  }
  const refused = errorIn(set.notCreated, 'send')
  if (refused) {
    throw refusal(refused)
  }
  return set.created?.['send'] ? statusAfterSet(results, emailId, idOf(set, 'send')) : null
}

function failureOf(results: Results): unknown {
  try {
    results.get('set')
    return new JmapFailure('unknown')
  } catch (failure) {
    return failure
  }
}

/** The submission was created, whatever else is missing in the response. */
function statusAfterSet(results: Results, emailId: Id, submissionId: Id | null): SubmissionStatus {
  try {
    const { submissions, email } = submissionStatusIn(results, [emailId], emailId)
    const own = submissions.find(({ id }) => id === submissionId)
    return { submissions: [own ?? { id: submissionId ?? '', emailId }], email }
  } catch {
    return { submissions: [{ id: submissionId ?? '', emailId }], email: null }
  }
}

function asked(emailIds: readonly Id[], emailId: Id): Call[] {
  return [
    call('EmailSubmission/query', 'query', { filter: { emailIds } }),
    call('EmailSubmission/get', 'submissions', {
      '#ids': reference('query', 'EmailSubmission/query', '/ids'),
      properties: PROPERTIES
    }),
    call('Email/get', 'email', { ids: [emailId], properties: ['id', 'keywords', 'mailboxIds'] })
  ]
}

/** Raises JmapFailure; nothing was changed. */
export async function submissionStatusOf(
  { client }: Session,
  { late }: Sending,
  emailId: Id
): Promise<SubmissionStatus> {
  const ids = [...new Set([...late, emailId])]
  const results = await client.run(asked(ids, emailId)).catch((failure: unknown) => {
    throw asUnambiguous(failure)
  })
  return submissionStatusIn(results, ids, emailId)
}

/** A server that does not know the filter returns the submissions of all emails. */
function submissionStatusIn(results: Results, emailIds: readonly Id[], emailId: Id): SubmissionStatus {
  // Raises why the mail server could not be asked.
  results.get('query')
  const found = foundIn<Submission>(results, 'submissions').list
  const emails = foundIn<FinalEmail>(results, 'email', ['keywords']).list
  return {
    submissions: found.filter((one) => one.emailId === undefined || emailIds.includes(one.emailId)),
    email: emails.find(({ id }) => id === emailId) ?? null
  }
}

/** False: it is too late. Raises JmapFailure; an ambiguous one if it may have been canceled. */
export async function cancel({ client }: Session, submissionId: Id): Promise<boolean> {
  const update = { [submissionId]: { undoStatus: 'canceled' } }
  const results = await client.run([call('EmailSubmission/set', 'set', { update })])
  const set = results.find<SetResponse>('set')
  if (!set) {
    throw asAmbiguous(failureOf(results))
  }
  if (Object.hasOwn(set.updated ?? {}, submissionId)) {
    return true
  }
  if (errorIn(set.notUpdated, submissionId)) {
    // `cannotUnsend`; of a submission that reached nobody, Stalwart says invalidProperties.
    return false
  }
  throw unclear()
}

/** Moves it to Sent, or back to Drafts. An email that is gone is no failure. Raises JmapFailure. */
export async function file(session: Session, emailId: Id, to: 'sent' | 'drafts'): Promise<void> {
  const [drafts = '', sent = ''] = await Promise.all(['drafts', 'sent'].map((role) => mailboxOfRole(session, role)))
  const patch = to === 'sent' ? moved(drafts, sent, false) : moved(sent, drafts, true)
  const results = await session.client.run([call('Email/set', 'set', { update: { [emailId]: patch } })])
  const error = errorIn(setIn(results, 'set').notUpdated, emailId)
  if (error && error.type !== 'notFound') {
    throw refusal(error)
  }
}

/**
 * The envelope (RFC 8621 §7): each recipient once, also those in Bcc: the header stays in the copy of its writer, and the mail server takes it out of
 * what the others get (Stalwart 0.16, crates/jmap/src/submission/set.rs, "Remove BCC header if present").
 *
 * `hold`: seconds. It is written as a text: Stalwart refuses a number, and zero.
 */
function submissionEnvelope(draft: Draft, from: string, hold: number): Arguments {
  const recipients = new Map(
    everybody(draft).map(({ address }) => [addressKey(address), sentAddress(address.trim())] as const)
  )
  return {
    mailFrom: { email: from, parameters: hold > 0 ? { HOLDFOR: String(hold) } : null },
    rcptTo: [...recipients.values()].map((email) => ({ email, parameters: null }))
  }
}
