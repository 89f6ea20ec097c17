/**
 * The email that is sent, as it lies at the mail server. It is made in Drafts, with the Message-ID of its `Sending`, before
 * the version that it replaces is destroyed: whoever looks finds one of them at least. Each request holds only for the state
 * of all emails that was seen before (RFC 8620 §5.3, ifInState): if the first of two requests is late, the mail server
 * refuses the one that arrives second.
 */
import type { KeptDraft, Sending } from '#lib/writing/domain/draft.ts'
import { emailOf } from '#lib/writing/domain/email.ts'
import { call } from '#lib/jmap/client.ts'
import { asAmbiguous, asUnambiguous, JmapFailure } from '#lib/jmap/errors.ts'
import type { Arguments, Id, Identity } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import { emailsOf, whyGone } from './draft-look.ts'
import { destroyDrafts, MOST_MISMATCHES, notStored, replace } from './draft-version.ts'
import { addressOf, identitiesOf, identityIn } from './identities.ts'
import { mailboxOfRole } from '#lib/sync/mailbox-roles.ts'
import { errorIn, foundIn, idOf, setIn } from './responses.ts'

/** Codes of refusals: another device changed the draft, or sent it; an earlier email of the message left after all. */
export const CHANGED = 'draft_changed'
export const SENT_ELSEWHERE = 'draft_sent'
export const LEFT_BEFORE = 'already_sent'
/** The identity that the person chose is gone: it must not leave under another address before they know. */
export const IDENTITY_GONE = 'identity_gone'

interface Seen {
  readonly state: string
  /** what is destroyed once the email is made */
  readonly drafts: readonly Id[]
}

/**
 * Returns its id. `claim` is called before each further try, and raises if another tab took the sending over: that tab may be
 * why the state has changed. Raises what `claim` raises, or JmapFailure; an ambiguous one if the email may have been made.
 */
export async function makeFinal(
  session: Session,
  kept: KeptDraft,
  sending: Sending,
  claim: () => Promise<void>
): Promise<Id> {
  const email = await finalOf(session, kept, sending)
  for (let attempt = 0; attempt < MOST_MISMATCHES; attempt += 1) {
    if (attempt > 0) await claim()
    const { state, drafts } = await versionsOf(session, kept, sending)
    const results = await session.client.run([call('Email/set', 'set', { ifInState: state, create: { final: email } })])
    if (results.errorOf('set') !== 'stateMismatch') {
      const response = setIn(results, 'set')
      const emailId = idOf(response, 'final')
      if (emailId === null) {
        throw notStored(errorIn(response.notCreated, 'final'))
      }
      const gone = await replaceAll(session, drafts, sending, response.newState)
      await seeWhyGone(session, kept, emailId, gone)
      return emailId
    }
  }
  throw new JmapFailure('stateMismatch', { transient: true })
}

/** If another device replaced the version before at the same moment, perhaps to send it, this email is not sent. Raises
 * JmapFailure then. */
async function seeWhyGone(
  session: Session,
  { draft, stored }: KeptDraft,
  emailId: Id,
  gone: readonly Id[]
): Promise<void> {
  if (!stored || !gone.includes(stored.emailId)) {
    return
  }
  const why = await whyGone(session, draft, [stored, { ...stored, emailId }]).catch((failure: unknown) => {
    throw asAmbiguous(failure)
  })
  if (why) {
    await replace(session, [emailId], null)
    throw new JmapFailure(why === 'sent' ? SENT_ELSEWHERE : CHANGED)
  }
}

/** Destroy versions before. Those that a late request may still submit must be gone; of the others it is enough to try.
 * Returns those that were gone before. */
async function replaceAll(
  session: Session,
  drafts: readonly Id[],
  { late }: Sending,
  state: string
): Promise<readonly Id[]> {
  const gone = await replace(session, drafts, state)
  const open = drafts.filter((id) => late.includes(id))
  await destroyDrafts(session, open).catch((failure: unknown) => {
    throw asAmbiguous(failure)
  })
  return gone
}

async function finalOf(session: Session, { draft }: KeptDraft, { messageId, leaveAt }: Sending): Promise<Arguments> {
  const identity = await identityOf(session, draft.identityId)
  return emailOf(draft, {
    from: { name: identity.name || null, email: addressOf(identity, session.address) },
    replyTo: identity.replyTo ?? [],
    messageId,
    mailboxIds: [await mailboxOfRole(session, 'drafts')],
    keywords: ['$draft', '$seen'],
    sentAt: new Date(leaveAt ?? session.ports.now()),
    purpose: 'send'
  })
}

/** Raises JmapFailure: the mail server has no such identity any more. */
export async function identityOf(session: Session, id: Id | null): Promise<Identity> {
  const ask = (anew: boolean): Promise<readonly Identity[]> =>
    identitiesOf(session, anew).catch((failure: unknown) => {
      // Nothing was submitted yet, so there is nothing to find out.
      throw asUnambiguous(failure)
    })
  const isOf = (identity: Identity): boolean => identity.id === id
  let identities = await ask(false)
  // One without an id is the account's own, made while none were known.
  if (id && !identities.some(isOf)) {
    identities = await ask(true)
    if (!identities.some(isOf)) {
      throw new JmapFailure(IDENTITY_GONE)
    }
  }
  const identity = identityIn(identities, id, session.address)
  if (!identity) {
    throw new JmapFailure('forbiddenFrom')
  }
  return identity
}

/** Which versions before are drafts still. Raises JmapFailure if one of them was sent. */
async function versionsOf(session: Session, kept: KeptDraft, { late }: Sending): Promise<Seen> {
  const { stored } = kept
  const ids = [...new Set([...(stored ? [stored.emailId] : []), ...late])]
  const get = call('Email/get', 'get', { ids, properties: ['id', 'keywords'] })
  const results = await session.client.run([get]).catch((failure: unknown) => {
    throw asUnambiguous(failure)
  })
  const { state, list } = foundIn<{ id: Id; keywords: Record<string, boolean> }>(results, 'get', ['keywords'])
  const left = list.filter(({ keywords }) => !keywords['$draft']).map(({ id }) => id)
  if (left.length > 0) {
    throw new JmapFailure(left.some((id) => late.includes(id)) ? LEFT_BEFORE : SENT_ELSEWHERE)
  }
  if (stored && !late.includes(stored.emailId) && !list.some(({ id }) => id === stored.emailId)) {
    const why = await whyGone(session, kept.draft, [stored])
    if (why) {
      throw new JmapFailure(why === 'sent' ? SENT_ELSEWHERE : CHANGED)
    }
  }
  // A version whose response did not come may be made by now.
  const made = kept.storing ? await emailsOf(session, kept.storing.messageId, kept.storing.since) : []
  const open = made.filter(({ keywords }) => keywords['$draft'])
  return { state, drafts: [...list, ...open].map(({ id }) => id) }
}

/** The email that a request without a response made, or null. If there are several, all but one are destroyed, and so is the
 * version before. */
export async function findFinal(
  session: Session,
  kept: KeptDraft,
  { messageId, late, since }: Sending
): Promise<{ readonly id: Id; readonly isDraft: boolean } | null> {
  const found = (await emailsOf(session, messageId, since)).filter(({ id }) => !late.includes(id))
  const first = found.find(({ keywords }) => !keywords['$draft']) ?? found[0]
  if (!first) {
    return null
  }
  const others = found.map(({ id }) => id).filter((id) => id !== first.id)
  const { stored } = kept
  const before = stored && stored.emailId !== first.id ? [stored.emailId] : []
  const gone = await replace(session, [...new Set([...others, ...before])], null)
  if (first.keywords['$draft']) {
    await seeWhyGone(session, kept, first.id, gone)
  }
  await destroyDrafts(session, late)
  return { id: first.id, isDraft: Boolean(first.keywords['$draft']) }
}
