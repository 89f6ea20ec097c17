/** Speaks JMAP over a given `fetch`: the session, calls in as few requests as the server allows, and blobs. */
import { gather, plan, type Answers, type Group, type Planned } from './batch.ts'
import { failureOf, JmapFailure, methodFailure, noResponse } from './errors.ts'
import type { Arguments, Id, Invocation, Limits, Session } from './types.ts'

const CORE = 'urn:ietf:params:jmap:core'
/** Postroom's own, added to the session by its gateway. */
const POSTROOM = 'urn:postroom:params:jmap'
export const MAIL = 'urn:ietf:params:jmap:mail'
const SUBMISSION = 'urn:ietf:params:jmap:submission'
export const QUOTA = 'urn:ietf:params:jmap:quota'

/** RFC 8620 §3.3: a method is served only if its capability is named, and an unknown one fails the whole request. */
const CAPABILITY_OF: Record<string, string> = {
  Core: CORE,
  EmailSubmission: SUBMISSION,
  Identity: SUBMISSION,
  Quota: QUOTA
}

/** Until the session says otherwise; no server that we know allows less. */
const LIMITS: Limits = { maxCallsInRequest: 16, maxObjectsInGet: 500, maxObjectsInSet: 500, maxConcurrentRequests: 4 }

const JSON_ONLY = { Accept: 'application/json' }

/** Milliseconds. The gateway gives up after 60 s of silence; this is for a network that swallows packets. */
const SILENCE = 90_000

const NO_ANSWERS: Answers = new Map()

interface ApiResponse {
  methodResponses: Invocation[]
  sessionState: string
}

export interface ClientPorts {
  fetch: typeof fetch
  /** milliseconds */
  now: () => number
  /** the page's own address, against which the session is found */
  origin: string
}

export class JmapClient {
  readonly #ports: ClientPorts
  readonly #sessionUrl: string
  #session: Session | null = null
  #renewing: Promise<void> | null = null
  #running = 0
  readonly #waiting: (() => void)[] = []
  #turn: { group: Group; resolve: (answers: Answers) => void; reject: (failure: unknown) => void }[] = []

  constructor(ports: ClientPorts, path = '/jmap/session') {
    this.#ports = ports
    this.#sessionUrl = new URL(path, ports.origin).href
  }

  /** Ask who is signed in, and what the server offers. Raises JmapFailure, also if somebody else is signed in by now. */
  async connect(): Promise<Session> {
    const session = (await this.#fetch(this.#sessionUrl, { headers: JSON_ONLY }, bodyOf)) as Session
    // All tabs share a cookie. What this tab knows and sends belongs to the person before.
    if (this.#session && ownerOf(session) !== ownerOf(this.#session)) {
      throw new JmapFailure('no_session')
    }
    this.#session = session
    return session
  }

  get connected(): boolean {
    return this.#session !== null
  }

  get session(): Session {
    if (!this.#session) {
      throw new Error('no session yet')
    }
    return this.#session
  }

  get accountId(): Id {
    return accountIdOf(this.session)
  }

  /** Whose mail it is. */
  get owner(): string {
    return ownerOf(this.session)
  }

  get limits(): Limits {
    return { ...LIMITS, ...this.session.capabilities[CORE] }
  }

  offers(capability: string): boolean {
    return capability in this.session.capabilities
  }

  /** The name under which our mail server writes Authentication-Results; null if the service does not tell. */
  get authservId(): string | null {
    return this.session.capabilities[POSTROOM]?.authservId ?? null
  }

  /** Who is signed in, as the service knows them; null if it does not tell. */
  get identityId(): string | null {
    return this.session.capabilities[POSTROOM]?.identityId ?? null
  }

  /** Run a group of calls; those of one turn share requests. Raises JmapFailure if a request fails; an error of one
   * call is raised when its answer is read. */
  run(group: Group): Promise<Results> {
    return new Promise<Answers>((resolve, reject) => {
      this.#turn.push({ group, resolve, reject })
      if (this.#turn.length === 1) {
        queueMicrotask(() => this.#flush())
      }
    }).then((answers) => new Results(answers))
  }

  #flush(): void {
    const turn = this.#turn
    this.#turn = []
    const requests = plan(
      turn.map(({ group }) => group),
      this.limits
    )
    const answered = requests.map(async (request) => ({ request, responses: await this.#send(request) }))
    turn.forEach(({ resolve, reject }, number) => {
      const own = answered.filter((_, at) => requests[at]?.origins.some(({ group }) => group === number))
      Promise.all(own).then((found) => resolve(gather(turn.length, found)[number] ?? NO_ANSWERS), reject)
    })
  }

  async #send(request: Planned): Promise<Invocation[]> {
    const accountId = this.accountId
    const using = new Set([
      CORE,
      MAIL,
      ...request.calls.map(([name]) => CAPABILITY_OF[name.split('/')[0] ?? ''] ?? MAIL)
    ])
    const methodCalls = request.calls.map(([name, args, id]) => [name, { accountId, ...args }, id])
    const init = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...JSON_ONLY },
      body: JSON.stringify({ using: [...using], methodCalls })
    }
    const body = (await this.#fetch(this.#resolved(this.session.apiUrl), init, bodyOf)) as ApiResponse
    if (body.sessionState !== this.session.state || body.methodResponses.some(isOfNobodyHere)) {
      await this.#renew(body.sessionState)
    }
    return body.methodResponses
  }

  /** RFC 8620 §3.4: fetch the session again. Raises JmapFailure if it is another person's, or over; other failures are
   * harmless: the next response differs as well. */
  #renew(state: string): Promise<void> {
    this.#renewing ??= this.connect()
      .then((session) => void (session.state = state))
      .catch((failure: unknown) => {
        if (failure instanceof JmapFailure && failure.code === 'no_session') {
          throw failure
        }
      })
      .finally(() => (this.#renewing = null))
    return this.#renewing
  }

  /** Where a blob can be downloaded (RFC 8620 §6.2). */
  downloadUrl(blob: { blobId: Id; name: string; type: string }): string {
    const values = { accountId: this.accountId, blobId: blob.blobId, name: blob.name || 'attachment', type: blob.type }
    const path = this.session.downloadUrl.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(values[name as keyof typeof values])
    )
    return this.#resolved(path)
  }

  blob(url: string): Promise<Blob> {
    return this.#fetch(url, {}, (response) => response.blob())
  }

  /** RFC 8620 §2: the session's URLs may be relative to it. The gateway is on our origin, whatever name it goes by:
   * to another one the browser would send no cookie. */
  #resolved(url: string): string {
    const { pathname, search } = new URL(url, this.#sessionUrl)
    return new URL(pathname + search, this.#ports.origin).href
  }

  /** At most as many at once as the server allows: more are refused with `limit`, or block other tabs. */
  async #fetch<T>(url: string, init: RequestInit, read: (response: Response) => Promise<T>): Promise<T> {
    while (this.#running >= (this.#session ? this.limits.maxConcurrentRequests : 1)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#running += 1
    try {
      const response = await this.#answered(url, init)
      if (!response.ok) {
        throw await failureOf(response, this.#ports.now())
      }
      return await read(response)
    } finally {
      this.#running -= 1
      this.#waiting.shift()?.()
    }
  }

  async #answered(url: string, init: RequestInit): Promise<Response> {
    try {
      const signal = AbortSignal.timeout(SILENCE)
      return await this.#ports.fetch(url, { credentials: 'same-origin', signal, ...init })
    } catch {
      // A TypeError for every cause: off line, refused, reset. The browser does not tell which.
      throw noResponse()
    }
  }
}

function accountIdOf({ primaryAccounts, accounts }: Session): Id {
  return primaryAccounts[MAIL] ?? Object.keys(accounts)[0] ?? ''
}

/** A restored mail server may give the id of one person's account to another one. */
function ownerOf(session: Session): string {
  return `${session.username}/${accountIdOf(session)}`
}

/** RFC 8620 §3.6.2: whoever is signed in has no such account. */
function isOfNobodyHere([name, args]: Invocation): boolean {
  return name === 'error' && args['type'] === 'accountNotFound'
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    // The connection broke, or somebody else answered in place of the service.
    throw noResponse()
  }
}

/** The answers of a group. */
export class Results {
  readonly #answers: Answers

  constructor(answers: Answers) {
    this.#answers = answers
  }

  /** Raises JmapFailure if the call failed. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what it called
  get<T>(id: string): T {
    const answer = this.#answers.get(id)
    if (answer && 'args' in answer) {
      return answer.args as T
    }
    throw answer ? methodFailure(answer.error['type']) : new JmapFailure('unknown', { ambiguous: true })
  }

  /** The answer, or null if the call failed. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what it called
  find<T>(id: string): T | null {
    const answer = this.#answers.get(id)
    return answer && 'args' in answer ? (answer.args as T) : null
  }

  /** The code of a call that failed. */
  errorOf(id: string): string | null {
    const answer = this.#answers.get(id)
    return answer && 'error' in answer ? methodFailure(answer.error['type']).code : null
  }
}

/** Shorthand for a call. */
export function call(name: string, id: string, args: Arguments = {}): { name: string; id: string; args: Arguments } {
  return { name, id, args }
}

export function reference(resultOf: string, name: string, path: string): Arguments {
  return { resultOf, name, path }
}
