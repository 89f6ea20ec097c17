/** Emails and bodies of the store → messages of the reader. What did not change is the same object as before. */
import type { Email, Id } from '#lib/jmap/types.ts'
import { authenticationOf, signedBy } from '#lib/mail/authentication.ts'
import { shownBody, type UrlOf } from '#lib/store/body.ts'
import { isUnread } from '#lib/store/counts.ts'
import type { LoadedBody } from '#lib/sync/bodies.ts'
import type { Message, Trouble } from './mail.ts'
import { peopleOf, shortened, type IsOwn } from './people.ts'

export interface MessageContext {
  isOwn: IsOwn
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
    const { isOwn, authservId } = this.#context
    const from = peopleOf(email.from, isOwn)
    const [sender] = from
    return {
      id: email.id,
      from,
      to: peopleOf(email.to, isOwn),
      receivedAt: new Date(email.receivedAt),
      subject: shortened(email.subject ?? ''),
      preview: email.preview?.trim() ?? '',
      unread: isUnread(email),
      starred: Boolean(email.keywords['$flagged']),
      draft: Boolean(email.keywords['$draft']),
      own: sender?.own ?? false,
      reported: Boolean(email.keywords['$phishing']),
      size: email.size,
      hasAttachment: email.hasAttachment,
      ...this.#unfolded(loaded, authservId(), sender?.address ?? ''),
      trouble
    }
  }

  #unfolded(loaded: LoadedBody | undefined, authservId: string | null, sender: string): Unfolded {
    if (!loaded) {
      return NOTHING
    }
    const { isOwn, urlOf } = this.#context
    const { body } = loaded
    const { attachments, ...shown } = shownBody(body, urlOf)
    const results = body['header:Authentication-Results:all']
    return {
      cc: peopleOf(body.cc, isOwn),
      replyTo: peopleOf(body.replyTo, isOwn),
      sentAt: body.sentAt === null ? null : new Date(body.sentAt),
      messageId: body.messageId ?? [],
      references: body.references ?? [],
      authentication: authenticationOf(results, authservId, sender),
      signedBy: signedBy(results, authservId, sender),
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
  | 'authentication'
  | 'signedBy'
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
  authentication: 'unknown',
  signedBy: null,
  list: '',
  unsubscribe: '',
  unsubscribePost: '',
  blobId: null,
  attachments: [],
  body: null
}
