/**
 * Stores a draft at the mail server. An Email cannot be changed (RFC 8621 §4), so each version is a new Email, whose
 * Message-ID this device knows before the request. The former version is destroyed by a second request once the new one is
 * made, since a mail server that refuses to make an email carries out the rest of a request (RFC 8620 §5.3). Both requests
 * name the state in which the former version was seen as a draft (ifInState): so nothing is destroyed that another device
 * changed or sent meanwhile, and if a request is late, it or the next one is refused.
 */
import { emailOf, sentFiles, type Envelope } from '#lib/writing/domain/email.ts'
import { FILES_GONE, isStored, type KeptDraft, type StoredVersion } from '#lib/writing/domain/draft.ts'
import { messageIdFor } from '#lib/writing/domain/reply-headers.ts'
import { call } from '#lib/jmap/client.ts'
import { asAmbiguous, JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { EmailAddress, Id, SetError, SetResponse } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import { emailsOf, versionStatus, whyGone } from './draft-look.ts'
import type { Drafts } from './drafts.ts'
import { senderOf } from './identities.ts'
import { mailboxOfRole } from '#lib/sync/mailbox-roles.ts'
import { isRetryable } from '#lib/sync/retryable.ts'
import { errorIn, idOf, setIn, unclear } from './responses.ts'

/** Tries of a request with `ifInState`, which fails when other mail changes at the same moment. */
export const MOST_MISMATCHES = 6

type CreateError = SetError & { properties?: readonly string[] | null; notFound?: readonly Id[] | null }

/** Whether the mail server has all of it, also the files. */
export function isWhole(kept: KeptDraft): boolean {
  return isStored(kept) && sentFiles(kept.draft).every(({ blobId }) => blobId !== null)
}

/** Raises JmapFailure. Does nothing if it is gone, is being sent, or is written by another tab. */
export async function storeVersion(session: Session, drafts: Drafts, id: string): Promise<void> {
  for (let attempt = 0; attempt < MOST_MISMATCHES; attempt += 1) {
    const kept = drafts.get(id)
    if (!kept || kept.writer !== drafts.tab || kept.sending || kept.discardedAt !== null || isStored(kept)) {
      return
    }
    if (await storeOnce(session, drafts, kept)) {
      return
    }
  }
  throw new JmapFailure('stateMismatch', { transient: true })
}

/** Looks for a version whose response did not come. True: it was made, and is recorded. False: a late request may still make
 * it. */
export async function findOut(session: Session, drafts: Drafts, { id, stored, storing }: KeptDraft): Promise<boolean> {
  const [found, ...others] = storing ? await emailsOf(session, storing.messageId, storing.since) : []
  if (!storing || !found) {
    return false
  }
  const isDraft = Boolean(found.keywords['$draft'])
  if (isDraft) {
    const before = stored && stored.emailId !== found.id ? [stored.emailId] : []
    await replace(session, [...others.map((email) => email.id), ...before], null)
  }
  await drafts.update(id, (kept) => {
    if (kept.storing?.messageId !== storing.messageId) {
      return kept
    }
    const { messageId, revision } = storing
    const adopted = { messageId, revision, emailId: found.id, at: session.ports.now() }
    return { ...kept, storing: null, ...(isDraft ? { stored: adopted } : { stored: null, conflict: 'sent' }) }
  })
  return true
}

/**
 * Destroys the versions before one that was made. `state`: in which they are drafts, if that is known. Versions that the mail
 * server does not destroy stay. Returns those that were gone: another device may have replaced them. Raises JmapFailure if it
 * may help to try again.
 */
export async function replace(session: Session, ids: readonly Id[], state: string | null): Promise<readonly Id[]> {
  if (ids.length === 0) {
    return []
  }
  try {
    const set = state && call('Email/set', 'set', { ifInState: state, destroy: ids })
    const response = set && (await session.client.run([set])).find<SetResponse>('set')
    if (!response) {
      return await destroyDrafts(session, ids)
    }
    return ids.filter((id) => errorIn(response.notDestroyed, id)?.type === 'notFound')
  } catch (failure) {
    if (!(failure instanceof JmapFailure) || isRetryable(failure)) {
      throw asAmbiguous(failure)
    }
    return []
  }
}

/** Destroys those that are still drafts. Returns those that are gone, which is no failure. Raises JmapFailure. */
export async function destroyDrafts(session: Session, ids: readonly Id[]): Promise<readonly Id[]> {
  const gone: Id[] = []
  for (const emailId of ids) {
    for (let attempt = 0; attempt < MOST_MISMATCHES; attempt += 1) {
      const { is, state } = await versionStatus(session, emailId)
      if (is !== 'draft') {
        gone.push(...(is === 'gone' ? [emailId] : []))
        break
      }
      const results = await session.client.run([call('Email/set', 'set', { ifInState: state, destroy: [emailId] })])
      if (results.errorOf('set') !== 'stateMismatch') {
        const error = errorIn(setIn(results, 'set').notDestroyed, emailId)
        if (error) {
          throw refusal(error)
        }
        break
      }
    }
  }
  return gone
}

/** False if something changed meanwhile, and nothing was done. */
async function storeOnce(session: Session, drafts: Drafts, before: KeptDraft): Promise<boolean> {
  const { is, state } = await versionStatus(session, before.stored?.emailId ?? null)
  // After that: if a late request makes the former version now, the state changes, and this request is refused.
  if (await findOut(session, drafts, before)) {
    return false
  }
  const mailboxId = await mailboxOfRole(session, 'drafts')
  const from = await senderOf(session, before.draft.identityId)
  const messageId = messageIdFor(from.email, session.ports.unique())
  const snapshot = await noteStoring(drafts, before, { messageId, since: session.facts.emailState })
  if (!snapshot) {
    return false
  }
  const envelope = envelopeOf(from, messageId, { mailboxId, now: session.ports.now() })
  const set = call('Email/set', 'set', {
    ifInState: state,
    create: { draft: emailOf(snapshot.draft, envelope) }
  })
  try {
    const results = await session.client.run([set])
    if (results.errorOf('set') === 'stateMismatch') {
      await noteNotStored(drafts, before, messageId)
      return false
    }
    const response = setIn(results, 'set')
    const emailId = idOf(response, 'draft')
    if (emailId === null) {
      throw notStored(errorIn(response.notCreated, 'draft'))
    }
    const superseded = before.stored && is === 'draft' ? [before.stored.emailId] : []
    const gone = await replace(session, superseded, response.newState)
    const stored = { emailId, messageId, revision: snapshot.revision, at: session.ports.now() }
    await noteStored(session, drafts, snapshot, { stored, is: gone.length > 0 ? 'gone' : is })
    return true
  } catch (failure) {
    // A mistake of ours, or in the response, does not tell whether the version was made.
    if (failure instanceof JmapFailure && !failure.ambiguous) {
      await noteNotStored(drafts, before, messageId)
    }
    throw failure
  }
}

function envelopeOf(from: EmailAddress, messageId: string, at: { mailboxId: Id; now: number }): Envelope {
  const [mailboxIds, keywords] = [[at.mailboxId], ['$draft', '$seen']]
  return { from, messageId, mailboxIds, keywords, sentAt: new Date(at.now), purpose: 'draft' }
}

/** Records the version before its request, and returns the draft; null if another tab writes it, or it is being sent. */
async function noteStoring(
  drafts: Drafts,
  { id, storing }: KeptDraft,
  version: { messageId: string; since: string | null }
): Promise<KeptDraft | null> {
  const made: { snapshot: KeptDraft | null } = { snapshot: null }
  await drafts.update(id, (kept) => {
    const isOther = kept.storing?.messageId !== storing?.messageId
    if (kept.writer !== drafts.tab || kept.sending || isOther || kept.discardedAt !== null) {
      return kept
    }
    made.snapshot = { ...kept, storing: { ...version, revision: kept.revision } }
    return made.snapshot
  })
  return made.snapshot
}

/** Records that the version was not made. An earlier one without a response is looked for again. */
async function noteNotStored(drafts: Drafts, { id, storing }: KeptDraft, messageId: string): Promise<void> {
  await drafts.update(id, (kept) => (kept.storing?.messageId === messageId ? { ...kept, storing } : kept))
}

interface Made {
  readonly stored: StoredVersion
  /** what the former version was */
  readonly is: 'none' | 'draft' | 'gone' | 'sent'
}

async function noteStored(session: Session, drafts: Drafts, before: KeptDraft, { stored, is }: Made): Promise<void> {
  // The version is stored, so a failure of this question is ignored.
  const ours = before.stored && is === 'gone' ? [before.stored, stored] : null
  const why = ours && (await whyGone(session, before.draft, ours).catch(() => null))
  const conflict = is === 'sent' ? 'sent' : why
  await drafts.update(before.id, (kept) =>
    // Otherwise another tab, or the sending, found the version before this response came.
    kept.storing?.messageId === stored.messageId
      ? { ...kept, stored, storing: null, conflict: conflict ?? kept.conflict }
      : kept
  )
}

/** RFC 8621 §4.6: blobNotFound. Stalwart calls it an invalid property. */
export function notStored(error: CreateError | null): JmapFailure {
  if (!error) {
    return unclear()
  }
  const properties = [error.properties].flat().map(String)
  const isOfFiles = error.type === FILES_GONE || properties.some((name) => name.endsWith('blobId'))
  if (!isOfFiles) {
    return refusal(error)
  }
  const description = [error.description ?? '', error.notFound ?? []].flat().join(' ')
  return refusal({ ...error, type: FILES_GONE, description })
}
