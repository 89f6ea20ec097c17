/** A JMAP server in memory, as a `fetch`: what the engine needs of RFC 8620 and RFC 8621, in the plainest way. */
import type { Arguments, Email, Id, Invocation, Mailbox } from '#lib/jmap/types.ts'
import { ModelBlobs } from './model-blobs.ts'
import { LONGEST_NAME, ModelMailboxes, type Place } from './model-mailboxes.ts'
import { DEFAULTS, type Stored } from './stored.ts'
import { patched } from './model-patch.ts'
import { resolved } from './model-references.ts'
import { mailboxesIn, matching, type Query } from './model-query.ts'
import { ModelSubmissions } from './model-submissions.ts'
import { snippets } from './model-snippets.ts'

interface Change {
  type: 'Email' | 'Mailbox'
  id: Id
  how: 'created' | 'updated' | 'destroyed'
}

const LIMITS = { maxCallsInRequest: 16, maxObjectsInGet: 500, maxObjectsInSet: 500, maxConcurrentRequests: 4 }
export const ROLES = ['inbox', 'drafts', 'sent', 'trash']

export class ModelServer {
  readonly emails = new Map<Id, Stored>()
  /** What it has not sorted yet stands at the end of each list, as on Stalwart. */
  readonly unsorted = new Set<Id>()
  readonly sending = new ModelSubmissions(this.emails, (id) => this.identities[Number(id.slice(1))])
  /** names of the calls of each request */
  readonly requests: string[][] = []
  running = 0
  mostRunning = 0
  /** Answer in place of the server, or let it answer: null. */
  interrupt: (path: string, body: string) => Response | null | Promise<Response | null> = () => null
  /** Changes before this place are forgotten. */
  forgottenUntil = 0
  limits = LIMITS
  /** changes that one response names, however many are asked for */
  readonly mostChanges = { Email: Infinity, Mailbox: Infinity }
  /** who is signed in */
  username = 'me@example.org'
  sessionState = 's'
  /** by which name it signs what it found about senders (RFC 8601 §2.2) */
  authservId: string | null = null
  /** the addresses of the Identities */
  identities = ['me@example.org']
  /** further ones are taken, and shown nowhere, as on Stalwart */
  mostKeywords = Infinity
  /** why no email is updated; null: they are */
  refusing: string | null = null
  /** why no email is made; null: they are */
  refusingToMake: string | null = null
  readonly blobs = new ModelBlobs()
  /** milliseconds; null: what is made comes a minute after the last one */
  now: (() => number) | null = null
  readonly #log: Change[] = []
  readonly #boxes = new ModelMailboxes(this.emails, (id, how) => this.#log.push({ type: 'Mailbox', id, how }))
  #next = 1

  readonly #inbox: Id

  /** Of a server that was restored, mailboxes have other ids. */
  constructor(suffix = '') {
    ROLES.forEach((role) => this.#boxes.add({ id: role + suffix, role }))
    this.#inbox = `inbox${suffix}`
  }

  get state(): string {
    return String(this.#log.length)
  }

  /** who is signed in; null: the service does not tell */
  identityId: string | null = null

  deliver(values: Partial<Stored> = {}): Stored {
    const number = this.#next++
    const email: Stored = {
      id: `e${number}`,
      threadId: `t${number}`,
      mailboxIds: { [this.#inbox]: true },
      keywords: {},
      from: [{ name: 'Ann', email: 'ann@example.net' }],
      to: [{ name: null, email: 'me@example.org' }],
      subject: `Mail ${number}`,
      receivedAt: new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString(),
      size: 1_000 * number,
      preview: `Preview ${number}`,
      hasAttachment: false,
      messageId: [`${number}@example.net`],
      ...values
    }
    this.emails.set(email.id, email)
    this.#changed('Email', email.id, 'created')
    return email
  }

  update(id: Id, values: Partial<Stored>): void {
    const email = this.emails.get(id)
    if (email) {
      this.emails.set(id, { ...email, ...values })
      this.#changed('Email', id, 'updated')
    }
  }

  destroy(id: Id): void {
    const email = this.emails.get(id)
    if (email && this.emails.delete(id)) {
      this.blobs.destroyed(id)
      this.sending.destroyed(email)
      this.#changed('Email', id, 'destroyed')
    }
  }

  /** Another program makes one. */
  addMailbox(place: Partial<Place> & { id: Id }): void {
    this.#boxes.add(place)
    this.#log.push({ type: 'Mailbox', id: place.id, how: 'created' })
  }

  /** What the person may not do with a mailbox. */
  forbid(id: Id, rights: Partial<Mailbox['myRights']>): void {
    this.#boxes.rights.set(id, rights)
  }

  /** Only an empty one can be removed. */
  removeMailbox(id: Id): void {
    this.#boxes.places.delete(id)
    this.#log.push({ type: 'Mailbox', id, how: 'destroyed' })
  }

  #changed(type: Change['type'], id: Id, how: Change['how']): void {
    this.#log.push({ type, id, how })
    this.#boxes.places.forEach((_, mailbox) => this.#log.push({ type: 'Mailbox', id: mailbox, how: 'updated' }))
  }

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const path = new URL(input instanceof Request ? input.url : input, 'https://mail.test').pathname
    const body = typeof init?.body === 'string' ? init.body : ''
    this.running += 1
    this.mostRunning = Math.max(this.mostRunning, this.running)
    try {
      await new Promise((resolve) => setImmediate(resolve))
      init?.signal?.throwIfAborted()
      return (await this.interrupt(path, body)) ?? this.respond(path, body)
    } finally {
      this.running -= 1
    }
  }

  respond(path: string, body: string): Response {
    if (path === '/jmap/session') {
      return Response.json(this.#session())
    }
    if (path !== '/jmap/') {
      return Response.json({ code: 'unknown' }, { status: 404 })
    }
    const { methodCalls } = JSON.parse(body) as { methodCalls: Invocation[] }
    this.requests.push(methodCalls.map(([name]) => name))
    this.#created.clear()
    const responses: Invocation[] = []
    for (const [name, args, id] of methodCalls) {
      try {
        responses.push([name, this.#call(name, resolved(args, responses)), id])
      } catch (error) {
        responses.push(['error', { type: (error as Error).message }, id])
      }
    }
    return Response.json({ methodResponses: responses, sessionState: this.sessionState })
  }

  #session(): unknown {
    const mail = 'urn:ietf:params:jmap:mail'
    return {
      capabilities: {
        'urn:ietf:params:jmap:core': this.limits,
        [mail]: {},
        'urn:postroom:params:jmap': {
          ...(this.identityId && { identityId: this.identityId }),
          ...(this.authservId && { authservId: this.authservId })
        }
      },
      accounts: { a: { name: this.username, accountCapabilities: this.#capabilities() } },
      primaryAccounts: { [mail]: 'a' },
      username: this.username,
      apiUrl: '/jmap/',
      uploadUrl: 'https://elsewhere.test/jmap/upload/{accountId}/',
      downloadUrl: 'https://elsewhere.test/jmap/download/{accountId}/{blobId}/{name}?accept={type}',
      state: this.sessionState
    }
  }

  #capabilities(): Record<string, unknown> {
    return {
      'urn:ietf:params:jmap:mail': { maxSizeMailboxName: LONGEST_NAME },
      'urn:ietf:params:jmap:submission': {
        maxDelayedSend: this.sending.maxDelayedSend,
        submissionExtensions: { FUTURERELEASE: [] }
      }
    }
  }

  #call(name: string, args: Arguments): Arguments {
    const [type = '', verb = ''] = name.split('/')
    switch (verb) {
      case 'get':
        return type === 'SearchSnippet' ? snippets(this.emails, args) : this.#get(type, args)
      case 'changes':
        return this.#changes(type as Change['type'], args)
      case 'query':
        return type === 'Email' ? this.#query(args) : this.#submissionQuery(args)
      case 'set':
        return this.#set(type, args)
      default:
        throw new Error('unknownMethod')
    }
  }

  #set(type: string, args: Arguments): Arguments {
    const size = ['create', 'update', 'destroy'].flatMap((kind) => Object.keys(args[kind] ?? {})).length
    if (size > this.limits.maxObjectsInSet) {
      throw new Error('requestTooLarge')
    }
    if (type === 'Mailbox') return this.#setMailboxes(args)
    return type === 'Email' ? this.#setEmails(args) : this.#submit(args)
  }

  #get(type: string, args: Arguments): Arguments {
    const all: Record<string, () => Map<Id, object>> = {
      Email: () => this.emails,
      Mailbox: () => new Map(this.mailboxes().map((mailbox) => [mailbox.id, mailbox])),
      Thread: () => this.threads(),
      Identity: () => new Map(this.identities.map((email, at) => [`i${at}`, { id: `i${at}`, name: 'Me', email }])),
      EmailSubmission: () => this.sending.records
    }
    const objects = all[type]?.() ?? new Map<Id, object>()
    const ids = (args['ids'] as Id[] | null) ?? [...objects.keys()]
    if (ids.length > this.limits.maxObjectsInGet) {
      throw new Error('requestTooLarge')
    }
    const found = [...new Set(ids)].flatMap((id) => objects.get(id) ?? [])
    const list = found.map((object) => only(object as Record<string, unknown>, args['properties'] as string[] | null))
    return { state: this.state, list, notFound: ids.filter((id) => !objects.has(id)) }
  }

  mailboxes(): Mailbox[] {
    return this.#boxes.all()
  }

  threads(): Map<Id, { id: Id; emailIds: Id[] }> {
    const threads = new Map<Id, { id: Id; emailIds: Id[] }>()
    for (const { id, threadId } of [...this.emails.values()].toSorted(byTime)) {
      const thread = threads.get(threadId) ?? { id: threadId, emailIds: [] }
      thread.emailIds.push(id)
      threads.set(threadId, thread)
    }
    return threads
  }

  #changes(type: Change['type'], args: Arguments): Arguments {
    const since = Number(args['sinceState'])
    if (since < this.forgottenUntil) {
      throw new Error('cannotCalculateChanges')
    }
    const most = Math.min((args['maxChanges'] as number | undefined) ?? Infinity, this.mostChanges[type])
    const changes = { created: [] as Id[], updated: [] as Id[], destroyed: [] as Id[] }
    let at = since
    for (; at < this.#log.length && Object.values(changes).flat().length < most; at += 1) {
      const change = this.#log[at]
      if (change?.type === type) {
        const isNew = changes.created.includes(change.id)
        for (const list of Object.values(changes)) {
          if (list.includes(change.id)) {
            list.splice(list.indexOf(change.id), 1)
          }
        }
        changes[isNew && change.how === 'updated' ? 'created' : change.how].push(change.id)
      }
    }
    return { oldState: String(since), newState: String(at), hasMoreChanges: at < this.#log.length, ...changes }
  }

  /** The newest conversations of a mailbox, or of all. */
  list(mailbox?: Id): Id[] {
    return matching(this.emails.values(), {
      filter: mailbox === undefined ? null : { inMailbox: mailbox },
      collapseThreads: true
    })
  }

  #query(args: Arguments & Query): Arguments {
    if (mailboxesIn(args.filter).some((id) => !this.#boxes.places.has(id))) {
      // RFC 8620 §5.5; Cyrus names the filter, too.
      throw new Error('invalidArguments')
    }
    const found = matching(this.emails.values(), args)
    const ids = [...found.filter((id) => !this.unsorted.has(id)), ...found.filter((id) => this.unsorted.has(id))]
    const position = (args['position'] as number | undefined) ?? 0
    const page = ids.slice(position, position + ((args['limit'] as number | undefined) ?? ids.length))
    return { queryState: this.state, canCalculateChanges: false, position, ids: page, total: ids.length }
  }

  #setMailboxes(args: Arguments): Arguments {
    const oldState = this.#before(args)
    const remove = (id: Id, mailbox: Id): void => {
      if (this.#patch(id, { [`mailboxIds/${mailbox}`]: null }) !== null) this.destroy(id)
    }
    return { oldState, newState: this.state, ...this.#boxes.set(args, remove) }
  }

  /** The state before a /set. */
  #before({ ifInState }: Arguments): string {
    if (ifInState !== undefined && ifInState !== this.state) {
      throw new Error('stateMismatch')
    }
    return this.state
  }

  #setEmails(args: Arguments): Arguments {
    const oldState = this.#before(args)
    const created: Record<string, unknown> = {}
    const notCreated: Record<string, unknown> = {}
    for (const [key, email] of Object.entries((args['create'] ?? {}) as Record<string, Partial<Stored>>)) {
      const notFound = this.blobs.missing(email)
      if (notFound.length > 0 || this.refusingToMake) {
        notCreated[key] = { type: this.refusingToMake ?? 'blobNotFound', notFound }
        continue
      }
      const id = this.#make(email)
      created[key] = { id }
      this.#created.set(`#${key}`, id)
    }
    const updated: Record<Id, null> = {}
    const notUpdated: Record<Id, { type: string }> = {}
    for (const [id, patch] of Object.entries((args['update'] ?? {}) as Record<Id, Arguments>)) {
      const type = this.refusing ?? this.#patch(id, patch)
      if (type === null) {
        updated[id] = null
      } else {
        notUpdated[id] = { type }
      }
    }
    return {
      oldState,
      created,
      notCreated,
      updated,
      notUpdated,
      ...this.#destroyEmails((args['destroy'] ?? []) as Id[])
    }
  }

  #make(email: Partial<Stored>): Id {
    const replied = [...this.emails.values()].find(({ messageId }) =>
      email.references?.some((id) => messageId?.includes(id))
    )
    const time = this.now && { receivedAt: new Date(this.now()).toISOString() }
    const made = this.deliver({ ...email, ...time, ...(replied && { threadId: replied.threadId }) })
    Object.assign(made, { attachments: this.blobs.attachments(made.id, email as Arguments) })
    return made.id
  }

  #destroyEmails(ids: readonly Id[]): Arguments {
    const destroyed = ids.filter((id) => this.refusing === null && this.emails.has(id))
    const error = { type: this.refusing ?? 'notFound' }
    const notDestroyed = Object.fromEntries(ids.filter((id) => !destroyed.includes(id)).map((id) => [id, error]))
    destroyed.forEach((id) => this.destroy(id))
    return { destroyed, notDestroyed, newState: this.state }
  }

  readonly #created = new Map<string, Id>()

  /** Why it was refused; null: it was not. */
  #patch(id: Id, patch: Arguments): string | null {
    const email = this.emails.get(id)
    const maps = email && patched(email, patch, (mailbox) => this.#boxes.places.has(mailbox))
    if (maps) {
      const kept = new Set([...this.emails.values()].flatMap(({ keywords }) => Object.keys(keywords)))
      for (const keyword of Object.keys(maps.keywords)) {
        if (!kept.has(keyword) && kept.size >= this.mostKeywords) Reflect.deleteProperty(maps.keywords, keyword)
        else kept.add(keyword)
      }
      this.update(id, maps)
    }
    return maps ? null : email ? 'invalidProperties' : 'notFound'
  }

  #submit(args: Arguments): Arguments {
    const patch = (id: Id, changes: Arguments): unknown => this.#patch(id, changes)
    const set = this.sending.set(args, patch, (id) => this.#created.get(id) ?? id)
    return { oldState: null, newState: this.state, ...set }
  }

  #submissionQuery(args: Arguments): Arguments {
    return { queryState: this.state, canCalculateChanges: false, position: 0, ids: this.sending.query(args) }
  }
}

function byTime(one: Email, other: Email): number {
  return one.receivedAt < other.receivedAt ? -1 : one.receivedAt > other.receivedAt ? 1 : 0
}

function only(object: Record<string, unknown>, properties: string[] | null | undefined): Record<string, unknown> {
  const names = properties ? ['id', ...properties] : Object.keys(object)
  return Object.fromEntries(names.map((name) => [name, object[name] ?? DEFAULTS[name] ?? null]))
}
