/** How a draft begins: what is asked for → a new draft, or the one that there is. */
import { DRAFT_BODY_PROPERTIES, DRAFT_PROPERTIES, draftOf, type DraftEmail } from '#lib/writing/domain/draft-of.ts'
import type { Draft, StoredVersion } from '#lib/writing/domain/draft.ts'
import {
  draftOfForward,
  draftOfForwardAsAttachment,
  draftOfMailto,
  draftOfNew,
  draftOfReply,
  draftOfResend,
  type Self
} from '#lib/writing/domain/start.ts'
import { cleanHtml, quoteHtml } from '#lib/writing/domain/quote-html.ts'
import { call } from '#lib/jmap/client.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Email, GetResponse } from '#lib/jmap/types.ts'
import { isWritten } from '#lib/store/written.ts'
import { renderedOf } from '#lib/mail/rendered.ts'
import type { Session } from '#lib/sync/session.ts'
import { Bodies } from '#lib/sync/bodies.ts'
import { BODY_OCTETS, emails, WHOLE_BODY_OCTETS } from '#lib/sync/calls.ts'
import { identitiesOf } from '#lib/writing/sync/identities.ts'
import { quotingWords } from '#lib/words/quoting.ts'
import type { Identity, Start } from './compose.ts'
import type { Message } from '#lib/state/message.ts'
import { Messages } from '#lib/state/messages.ts'

export interface Begun {
  readonly draft: Draft
  /** what the mail server has of it */
  readonly stored: StoredVersion | null
}

/** Raises JmapFailure. */
export async function begin(
  session: Session,
  identities: readonly Identity[],
  start: Exclude<Start, { kind: 'kept' }>,
  preferred: string | null = null
): Promise<Begun> {
  const self = { ...(await selfOf(session, identities)), preferred }
  if (start.kind === 'edit') {
    return edited(session, start.emailId, self)
  }
  return { draft: await newDraft(session, start, self), stored: null }
}

async function newDraft(
  session: Session,
  start: Exclude<Start, { kind: 'kept' | 'edit' }>,
  self: Self
): Promise<Draft> {
  if (start.kind === 'new') return draftOfNew(start.to ?? [], self)
  if (start.kind === 'mailto') return draftOfMailto(start.url, self) ?? draftOfNew([], self)
  const isWhole = start.kind === 'forward' || start.kind === 'resend'
  const found = await loaded(session, start.message, isWhole)
  const message = { ...found, rendered: await renderedOf(found.body?.html ?? '') }
  if (start.kind === 'forward') return draftOfForward(message, self)
  if (start.kind === 'forwardAsAttachment') return draftOfForwardAsAttachment(message, self)
  if (start.kind === 'resend') return draftOfResend(message, start.to, self)
  return draftOfReply(message, start.kind === 'replyAll', self)
}

async function selfOf({ ports, address }: Session, identities: readonly Identity[]): Promise<Self> {
  const words = await quotingWords(language())
  return {
    identities: identities.length > 0 ? identities : [ownIdentity(address)],
    words,
    format: 'rich',
    clean: cleanHtml,
    quoted: quoteHtml,
    newId: () => ports.unique(),
    newCid: () => `${ports.unique()}@postroom`
  }
}

function ownIdentity(address: string): Identity {
  return { id: '', name: '', address, textSignature: '', htmlSignature: '' }
}

/** In which the page is shown. */
function language(): 'en' | 'de' {
  return typeof document !== 'undefined' && document.documentElement.lang === 'de' ? 'de' : 'en'
}

/** With its body; `isWhole`: nothing of it may be left out. */
async function loaded(session: Session, message: Message, isWhole: boolean): Promise<Message> {
  return message.body && !(isWhole && message.body.truncated) ? message : messageOf(session, message.id, isWhole)
}

/** Raises JmapFailure. */
async function messageOf(session: Session, id: string, isWhole: boolean): Promise<Message> {
  await session.connected()
  const bodies = new Bodies(session)
  bodies.want(id, isWhole ? WHOLE_BODY_OCTETS : BODY_OCTETS)
  await bodies.recall()
  await bodies.fetch()
  const body = bodies.get(id)
  const email = session.objects.email(id) ?? (await emailOf(session, id))
  if (!body || !email) {
    throw new JmapFailure('gone')
  }
  const own = new Set([session.address, ...(await identitiesOf(session).catch(() => [])).map((one) => one.email)])
  const isOwn = (address: string): boolean => [...own].some((one) => one.toLowerCase() === address.toLowerCase())
  const urlOf = (file: { blobId: string; name: string; type: string }): string => session.client.downloadUrl(file)
  const written = (one: Email): boolean => isWritten(session.objects, one)
  return new Messages({ isOwn, isWritten: written, urlOf, authservId: () => session.authservId }).message(
    email,
    body,
    null
  )
}

async function emailOf({ client }: Session, id: string): Promise<Email | undefined> {
  return (await client.run(emails([id]))).get<GetResponse<Email>>('get').list[0]
}

async function edited(session: Session, emailId: string, self: Self): Promise<Begun> {
  await session.connected()
  const get = call('Email/get', 'get', {
    ids: [emailId],
    properties: ['keywords', ...DRAFT_PROPERTIES],
    bodyProperties: DRAFT_BODY_PROPERTIES,
    fetchAllBodyValues: true
  })
  const results = await session.client.run([get])
  const [email] = results.get<GetResponse<DraftEmail & { messageId: readonly string[] | null }>>('get').list
  if (!email) {
    throw new JmapFailure('gone')
  }
  const draft = draftOf(email, self)
  const messageId = email.messageId?.[0] ?? ''
  return { draft, stored: { emailId, messageId, revision: 0, at: session.ports.now() } }
}
