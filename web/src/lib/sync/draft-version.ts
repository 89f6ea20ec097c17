/**
 * Stores a draft at the mail server as it is now. An Email is never changed: each version is made anew, with a Message-ID
 * of its own that this device knows before the request, and the one before is destroyed once it is made: a mail server
 * that refuses to make an email carries out the rest of the request all the same (RFC 8620 §5.3). Both requests hold only
 * for the state in which the one before was seen as a draft (ifInState): what another device changed or sent meanwhile is
 * never destroyed, and of two requests of which the first is late one is refused.
 */
import { emailOf, sentFiles, type Envelope } from '#lib/compose/email.ts'
import { FILES_GONE, isStored, type KeptDraft, type StoredVersion } from '#lib/compose/draft.ts'
import { messageIdFor } from '#lib/compose/reply-headers.ts'
import { call } from '#lib/jmap/client.ts'
import { asAmbiguous, JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { EmailAddress, Id, SetError, SetResponse } from '#lib/jmap/types.ts'
import type { Account } from './account.ts'
import { emailsOf, standingOf, whyGone } from './draft-look.ts'
import type { Drafts } from './drafts.ts'
import { senderOf } from './identities.ts'
import { mailboxOfRole } from './mailbox-roles.ts'
import { passes } from './passing.ts'
import { errorIn, idOf, setIn, unclear } from './responses.ts'

/** Tries of a request that holds for one state, while other mail comes and goes at the same moment. */
export const MOST_MISMATCHES = 6

type CreateError = SetError & { properties?: readonly string[] | null; notFound?: readonly Id[] | null }

/** The mail server has all of it: also the files. */
export function isWhole(kept: KeptDraft): boolean {
  return isStored(kept) && sentFiles(kept.draft).every(({ blobId }) => blobId !== null)
}

/** Raises JmapFailure. Does nothing if it is gone, is being sent, or is written by another tab. */
export async function storeVersion(account: Account, drafts: Drafts, id: string): Promise<void> {
  for (let attempt = 0; attempt < MOST_MISMATCHES; attempt += 1) {
    const kept = drafts.get(id)
    if (!kept || kept.writer !== drafts.tab || kept.sending || kept.discardedAt !== null || isStored(kept)) {
      return
    }
    if (await storeOnce(account, drafts, kept)) {
      return
    }
  }
  throw new JmapFailure('stateMismatch', { transient: true })
}

/** What became of a version whose response did not come. True: it was made, and is adopted; else it may be made yet. */
export async function findOut(account: Account, drafts: Drafts, { id, stored, storing }: KeptDraft): Promise<boolean> {
  const [found, ...others] = storing ? await emailsOf(account, storing.messageId, storing.since) : []
  if (!storing || !found) {
    return false
  }
  const isDraft = Boolean(found.keywords['$draft'])
  if (isDraft) {
    const before = stored && stored.emailId !== found.id ? [stored.emailId] : []
    await replace(account, [...others.map((email) => email.id), ...before], null)
  }
  await drafts.update(id, (kept) => {
    if (kept.storing?.messageId !== storing.messageId) {
      return kept
    }
    const { messageId, revision } = storing
    const adopted = { messageId, revision, emailId: found.id, at: account.ports.now() }
    return { ...kept, storing: null, ...(isDraft ? { stored: adopted } : { stored: null, conflict: 'sent' }) }
  })
  return true
}

/**
 * Destroy versions before one that was made. `state`: in which they are drafts, if that is known. One that the mail server
 * does not destroy stays. Returns those that were gone: of two devices that replace a version, one destroys it. Raises
 * JmapFailure if it may help to try again.
 */
export async function replace(account: Account, ids: readonly Id[], state: string | null): Promise<readonly Id[]> {
  if (ids.length === 0) {
    return []
  }
  try {
    const set = state && call('Email/set', 'set', { ifInState: state, destroy: ids })
    const response = set && (await account.client.run([set])).find<SetResponse>('set')
    if (!response) {
      return await destroyDrafts(account, ids)
    }
    return ids.filter((id) => errorIn(response.notDestroyed, id)?.type === 'notFound')
  } catch (failure) {
    if (!(failure instanceof JmapFailure) || passes(failure)) {
      throw asAmbiguous(failure)
    }
    return []
  }
}

/** Those that are drafts still. Returns those that are gone, which is no failure. Raises JmapFailure. */
export async function destroyDrafts(account: Account, ids: readonly Id[]): Promise<readonly Id[]> {
  const gone: Id[] = []
  for (const emailId of ids) {
    for (let attempt = 0; attempt < MOST_MISMATCHES; attempt += 1) {
      const { is, state } = await standingOf(account, emailId)
      if (is !== 'draft') {
        gone.push(...(is === 'gone' ? [emailId] : []))
        break
      }
      const results = await account.client.run([call('Email/set', 'set', { ifInState: state, destroy: [emailId] })])
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
async function storeOnce(account: Account, drafts: Drafts, before: KeptDraft): Promise<boolean> {
  const { is, state } = await standingOf(account, before.stored?.emailId ?? null)
  // After that: if a request that is late makes the version before now, this one does not hold any more.
  if (await findOut(account, drafts, before)) {
    return false
  }
  const mailboxId = await mailboxOfRole(account, 'drafts')
  const from = await senderOf(account, before.draft.identityId)
  const messageId = messageIdFor(from.email, account.ports.unique())
  const snapshot = await announce(drafts, before, { messageId, since: account.facts.emailState })
  if (!snapshot) {
    return false
  }
  const envelope = envelopeOf(from, messageId, { mailboxId, now: account.ports.now() })
  const set = call('Email/set', 'set', {
    ifInState: state,
    create: { draft: emailOf(snapshot.draft, envelope) }
  })
  try {
    const results = await account.client.run([set])
    if (results.errorOf('set') === 'stateMismatch') {
      await withdraw(drafts, before, messageId)
      return false
    }
    const response = setIn(results, 'set')
    const emailId = idOf(response, 'draft')
    if (emailId === null) {
      throw notStored(errorIn(response.notCreated, 'draft'))
    }
    const superseded = before.stored && is === 'draft' ? [before.stored.emailId] : []
    const gone = await replace(account, superseded, response.newState)
    const stored = { emailId, messageId, revision: snapshot.revision, at: account.ports.now() }
    await settle(account, drafts, snapshot, { stored, is: gone.length > 0 ? 'gone' : is })
    return true
  } catch (failure) {
    // A mistake of ours, or of a response, tells nothing.
    if (failure instanceof JmapFailure && !failure.ambiguous) {
      await withdraw(drafts, before, messageId)
    }
    throw failure
  }
}

function envelopeOf(from: EmailAddress, messageId: string, at: { mailboxId: Id; now: number }): Envelope {
  const [mailboxIds, keywords] = [[at.mailboxId], ['$draft', '$seen']]
  return { from, messageId, mailboxIds, keywords, sentAt: new Date(at.now), purpose: 'draft' }
}

/** The version as it will be stored; null if another tab writes it, or it is being sent. */
async function announce(
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

/** Nothing was made of it. What became of the one before is as unknown as it was. */
async function withdraw(drafts: Drafts, { id, storing }: KeptDraft, messageId: string): Promise<void> {
  await drafts.update(id, (kept) => (kept.storing?.messageId === messageId ? { ...kept, storing } : kept))
}

interface Made {
  readonly stored: StoredVersion
  /** what the version before was */
  readonly is: 'none' | 'draft' | 'gone' | 'sent'
}

async function settle(account: Account, drafts: Drafts, before: KeptDraft, { stored, is }: Made): Promise<void> {
  // A failure here must not look as if it were not stored.
  const ours = before.stored && is === 'gone' ? [before.stored, stored] : null
  const why = ours && (await whyGone(account, before.draft, ours).catch(() => null))
  const conflict = is === 'sent' ? 'sent' : why
  await drafts.update(before.id, (kept) =>
    // If not, another tab, or the sending, found out what became of it before this response was here.
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
