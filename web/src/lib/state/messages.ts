/** Emails and bodies of the store → messages of the reader. What did not change is the same object as before. */
import type { Email, Id } from '#lib/jmap/types.ts'
import { authenticationOfAll } from '#lib/mail/authentication.ts'
import { shownBody, type UrlOf } from '#lib/store/body.ts'
import { isUnread } from '#lib/store/counts.ts'
import type { LoadedBody } from '#lib/sync/bodies.ts'
import type { Message, Trouble } from './mail.ts'
import { peopleOf, shortened, type IsOwn } from './people.ts'

export interface MessageContext {
  isOwn: IsOwn
  /** it lies where only what the person wrote does */
  isWritten: (email: Email) => boolean
  urlOf: UrlOf
  authservId: () => string | null
}

interface Made {
  email: Email
  loaded: LoadedBody | undefined
  trouble: Trouble | null
  message: Message
}

export class Messages {
  readonly #context: MessageContext
  #made = new Map<Id, Made>()

  constructor(context: MessageContext) {
    this.#context = context
  }

  message(email: Email, loaded: LoadedBody | undefined, trouble: Trouble | null): Message {
    const made = this.#made.get(email.id)
    if (made?.email === email && made.loaded === loaded && made.trouble === trouble) {
      return made.message
    }
    const message = this.#message(email, loaded, trouble)
    this.#made.set(email.id, { email, loaded, trouble, message })
    return message
  }

  /** Another conversation is open. */
  forget(): void {
    this.#made = new Map()
  }

  #message(email: Email, loaded: LoadedBody | undefined, trouble: Trouble | null): Message {
    const { isOwn, isWritten } = this.#context
    const authservId = this.#context.authservId()
    const addresses = (email.from ?? []).map((one) => one.email)
    const results = loaded?.body['header:Authentication-Results:all'] ?? []
    const authentication = authenticationOfAll(results, authservId, addresses)
    const own = isWritten(email) || (authentication === 'passed' && addresses.every(isOwn))
    return {
      id: email.id,
      from: peopleOf(email.from, (address) => own && isOwn(address)),
      to: peopleOf(email.to, isOwn),
      receivedAt: new Date(email.receivedAt),
      subject: shortened(email.subject ?? ''),
      preview: email.preview?.trim() ?? '',
      unread: isUnread(email),
      starred: Boolean(email.keywords['$flagged']),
      draft: Boolean(email.keywords['$draft']),
      own,
      claimsOwn: own ? null : (addresses.find(isOwn) ?? null),
      authentication,
      results,
      authservId,
      reported: Boolean(email.keywords['$phishing']),
      size: email.size,
      hasAttachment: email.hasAttachment,
      ...this.#unfolded(loaded),
      trouble
    }
  }

  #unfolded(loaded: LoadedBody | undefined): Unfolded {
    if (!loaded) {
      return NOTHING
    }
    const { isOwn, urlOf } = this.#context
    const { body } = loaded
    const { attachments, ...shown } = shownBody(body, urlOf)
    return {
      cc: peopleOf(body.cc, isOwn),
      replyTo: peopleOf(body.replyTo, isOwn),
      sentAt: body.sentAt === null ? null : new Date(body.sentAt),
      messageId: body.messageId ?? [],
      references: body.references ?? [],
      list: body['header:List-Id'] ?? '',
      unsubscribe: body['header:List-Unsubscribe'] ?? '',
      unsubscribePost: body['header:List-Unsubscribe-Post'] ?? '',
      blobId: body.blobId ?? null,
      attachments,
      body: shown
    }
  }
}

type Unfolded = Pick<
  Message,
  | 'cc'
  | 'replyTo'
  | 'sentAt'
  | 'messageId'
  | 'references'
  | 'list'
  | 'unsubscribe'
  | 'unsubscribePost'
  | 'blobId'
  | 'attachments'
  | 'body'
>

const NOTHING: Unfolded = {
  cc: [],
  replyTo: [],
  sentAt: null,
  messageId: [],
  references: [],
  list: '',
  unsubscribe: '',
  unsubscribePost: '',
  blobId: null,
  attachments: [],
  body: null
}
