/** How a draft begins: what is asked for → a new draft, or the one that there is. */
import { DRAFT_BODY_PROPERTIES, DRAFT_PROPERTIES, draftOf, type DraftEmail } from '#lib/compose/draft-of.ts'
import type { Draft, StoredVersion } from '#lib/compose/draft.ts'
import {
  draftOfForward,
  draftOfForwardAsAttachment,
  draftOfMailto,
  draftOfNew,
  draftOfReply,
  draftOfResend,
  type Self
} from '#lib/compose/start.ts'
import { cleanHtml, quoteHtml } from '#lib/compose/quote-html.ts'
import { call } from '#lib/jmap/client.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Email, GetResponse } from '#lib/jmap/types.ts'
import { isWritten } from '#lib/store/written.ts'
import { renderedOf } from '#lib/mail/rendered.ts'
import type { Account } from '#lib/sync/account.ts'
import { Bodies } from '#lib/sync/bodies.ts'
import { BODY_OCTETS, emails, WHOLE_BODY_OCTETS } from '#lib/sync/calls.ts'
import { identitiesOf } from '#lib/sync/identities.ts'
import { quotingWords } from '#lib/words/quoting.ts'
import type { Identity, Start } from './compose.ts'
import type { Message } from './message.ts'
import { Messages } from './messages.ts'

export interface Begun {
  readonly draft: Draft
  /** what the mail server has of it */
  readonly stored: StoredVersion | null
}

/** Raises JmapFailure. */
export async function begin(
  account: Account,
  identities: readonly Identity[],
  start: Exclude<Start, { kind: 'kept' }>,
  preferred: string | null = null
): Promise<Begun> {
  const self = { ...(await selfOf(account, identities)), preferred }
  if (start.kind === 'edit') {
    return edited(account, start.emailId, self)
  }
  return { draft: await newDraft(account, start, self), stored: null }
}

async function newDraft(
  account: Account,
  start: Exclude<Start, { kind: 'kept' | 'edit' }>,
  self: Self
): Promise<Draft> {
  if (start.kind === 'new') return draftOfNew(start.to ?? [], self)
  if (start.kind === 'mailto') return draftOfMailto(start.url, self) ?? draftOfNew([], self)
  const isWhole = start.kind === 'forward' || start.kind === 'resend'
  const found = await loaded(account, start.message, isWhole)
  const message = { ...found, rendered: await renderedOf(found.body?.html ?? '') }
  if (start.kind === 'forward') return draftOfForward(message, self)
  if (start.kind === 'forwardAsAttachment') return draftOfForwardAsAttachment(message, self)
  if (start.kind === 'resend') return draftOfResend(message, start.to, self)
  return draftOfReply(message, start.kind === 'replyAll', self)
}

async function selfOf({ ports, address }: Account, identities: readonly Identity[]): Promise<Self> {
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
async function loaded(account: Account, message: Message, isWhole: boolean): Promise<Message> {
  return message.body && !(isWhole && message.body.truncated) ? message : messageOf(account, message.id, isWhole)
}

/** Raises JmapFailure. */
async function messageOf(account: Account, id: string, isWhole: boolean): Promise<Message> {
  await account.connected()
  const bodies = new Bodies(account)
  bodies.want(id, isWhole ? WHOLE_BODY_OCTETS : BODY_OCTETS)
  await bodies.recall()
  await bodies.fetch()
  const body = bodies.get(id)
  const email = account.objects.email(id) ?? (await emailOf(account, id))
  if (!body || !email) {
    throw new JmapFailure('gone')
  }
  const own = new Set([account.address, ...(await identitiesOf(account).catch(() => [])).map((one) => one.email)])
  const isOwn = (address: string): boolean => [...own].some((one) => one.toLowerCase() === address.toLowerCase())
  const urlOf = (file: { blobId: string; name: string; type: string }): string => account.client.downloadUrl(file)
  const written = (one: Email): boolean => isWritten(account.objects, one)
  return new Messages({ isOwn, isWritten: written, urlOf, authservId: () => account.authservId }).message(
    email,
    body,
    null
  )
}

async function emailOf({ client }: Account, id: string): Promise<Email | undefined> {
  return (await client.run(emails([id]))).get<GetResponse<Email>>('get').list[0]
}

async function edited(account: Account, emailId: string, self: Self): Promise<Begun> {
  await account.connected()
  const get = call('Email/get', 'get', {
    ids: [emailId],
    properties: ['keywords', ...DRAFT_PROPERTIES],
    bodyProperties: DRAFT_BODY_PROPERTIES,
    fetchAllBodyValues: true
  })
  const results = await account.client.run([get])
  const [email] = results.get<GetResponse<DraftEmail & { messageId: readonly string[] | null }>>('get').list
  if (!email) {
    throw new JmapFailure('gone')
  }
  const draft = draftOf(email, self)
  const messageId = email.messageId?.[0] ?? ''
  return { draft, stored: { emailId, messageId, revision: 0, at: account.ports.now() } }
}
