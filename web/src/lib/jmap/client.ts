/** Speaks JMAP over a given `fetch`: the session, calls in as few requests as the server allows, and blobs. */
import { gather, plan, type Responses, type Group, type Planned } from './batch.ts'
import { asAmbiguous, failureOf, JmapFailure, noResponse } from './errors.ts'
import { Results } from './results.ts'
import { Silence, SILENCE, type SilencePorts } from './silence.ts'
import type { Arguments, Id, Invocation, Limits, Session } from './types.ts'

/** Until the session says otherwise; no server that we know allows less. */
const USUAL: Limits = { maxCallsInRequest: 16, maxObjectsInGet: 500, maxObjectsInSet: 500, maxConcurrentRequests: 4 }

export const CORE = 'urn:ietf:params:jmap:core'
/** Postroom's own, added to the session by its gateway. */
const POSTROOM = 'urn:postroom:params:jmap'
export const MAIL = 'urn:ietf:params:jmap:mail'
export const SUBMISSION = 'urn:ietf:params:jmap:submission'
export const QUOTA = 'urn:ietf:params:jmap:quota'

/** RFC 8620 §3.3: a method is served only if its capability is named, and an unknown one fails the whole request.
 * Parts that are loaded late add theirs. */
export const CAPABILITY_OF: Record<string, string> = {
  EmailSubmission: SUBMISSION,
  Identity: SUBMISSION,
  Quota: QUOTA
}

/** Milliseconds for all of a session, which is short: who waits longer is told, and asks again. */
const PATIENCE = 15_000

const JSON_ONLY = { Accept: 'application/json' }

const NO_RESPONSES: Responses = new Map()

interface ApiResponse {
  methodResponses: Invocation[]
  sessionState: string
}

/** A group of calls, and who waits for its responses. */
interface Turn {
  group: Group
  resolve: (responses: Responses) => void
  reject: (failure: unknown) => void
}

type Read<T> = (response: Response) => Promise<T>

export interface ClientPorts extends SilencePorts {
  fetch: typeof fetch
  /** the page's own address, against which the session is found */
  origin: string
}

export class JmapClient {
  readonly #ports: ClientPorts
  readonly #sessionUrl: string
  /** told when another person has signed in in this browser */
  onstranger: () => void = () => undefined
  /** told of each refusal of a whole request */
  onfailed: (failure: JmapFailure) => void = () => undefined
  /** Wait no longer for a session that is asked for. */
  giveUp: () => void = () => undefined
  #session: Session | null = null
  #isOver = false
  #patience = PATIENCE
  #renewing: Promise<void> | null = null
  #running = 0
  readonly #waiting: (() => void)[] = []
  #turn: Turn[] = []

  constructor(ports: ClientPorts, path = '/jmap/session') {
    this.#ports = ports
    this.#sessionUrl = new URL(path, ports.origin).href
  }

  /** Ask who is signed in, and what the server offers. Raises JmapFailure, also if somebody else is signed in by now. */
  async connect(): Promise<Session> {
    this.#endIfOver()
    const session = await this.#askSession()
    if (!isSession(session)) {
      // Somebody else answered in place of the service.
      throw noResponse()
    }
    if (this.#session && ownerOf(session) !== ownerOf(this.#session)) {
      // All tabs share a cookie. What this tab knows and sends belongs to the person before.
      if (!this.#isOver) {
        this.#isOver = true
        this.onstranger()
      }
      this.#endIfOver()
    }
    this.#session = session
    return session
  }

  /** A server that is only slow has twice the time when it is asked again. */
  async #askSession(): Promise<unknown> {
    const ends = this.#ports.now() + this.#patience
    const asking = new AbortController()
    this.giveUp = () => asking.abort()
    try {
      const init = { headers: JSON_ONLY, signal: asking.signal }
      return await this.#fetch(this.#sessionUrl, init, bodyOf, this.#patience)
    } catch (failure) {
      if (this.#ports.now() >= ends) this.#patience = Math.min(2 * this.#patience, SILENCE)
      throw failure
    }
  }

  /** Nothing is asked any more in the name of somebody else. */
  #endIfOver(): void {
    if (this.#isOver) {
      throw new JmapFailure('no_session')
    }
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
    return limitsOf(this.session.capabilities[CORE])
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
   * call is raised when its response is read. */
  run(group: Group): Promise<Results> {
    return new Promise<Responses>((resolve, reject) => {
      this.#turn.push({ group, resolve, reject })
      if (this.#turn.length === 1) {
        queueMicrotask(() => this.#flush())
      }
    }).then((responses) => new Results(responses))
  }

  #flush(): void {
    const turn = this.#turn
    this.#turn = []
    try {
      this.#endIfOver()
      this.#sendAll(turn)
    } catch (mistake) {
      // The mistake is ours: in a microtask nobody would hear of it, and all would wait for ever.
      turn.forEach(({ reject }) => reject(mistake))
    }
  }

  #sendAll(turn: readonly Turn[]): void {
    const requests = plan(
      turn.map(({ group }) => group),
      this.limits
    )
    const exchanges = requests.map(async (request) => ({ request, responses: await this.#send(request) }))
    turn.forEach(({ resolve, reject }, number) => {
      const own = exchanges.filter((_, at) => requests[at]?.origins.some(({ group }) => group === number))
      Promise.all(own).then((found) => resolve(gather(turn.length, found)[number] ?? NO_RESPONSES), reject)
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
    if (!Array.isArray((body as Partial<ApiResponse> | null)?.methodResponses)) {
      // Somebody else answered in place of the service.
      throw noResponse()
    }
    if (body.sessionState !== this.session.state || body.methodResponses.some(isOfNobodyHere)) {
      await this.#renew(body.sessionState)
    }
    return body.methodResponses
  }

  /** RFC 8620 §3.4: fetch the session again. Until it is known whose it is, nobody gets a response. */
  #renew(state: string): Promise<void> {
    this.#renewing ??= this.connect()
      .then(
        (session) => {
          // A server whose states differ for good is not asked with each request.
          session.state = state
        },
        (failure: unknown) => {
          throw this.#isOver ? failure : asAmbiguous(failure)
        }
      )
      .finally(() => {
        this.#renewing = null
      })
    return this.#renewing
  }

  /** Where a blob can be downloaded (RFC 8620 §6.2). */
  downloadUrl(blob: { blobId: Id; name: string; type: string }): string {
    const values = { accountId: this.accountId, blobId: blob.blobId, name: nameInUrl(blob.name), type: blob.type }
    const path = this.session.downloadUrl.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(values[name as keyof typeof values])
    )
    return this.#resolved(path)
  }

  blob(url: string): Promise<Blob> {
    return this.download(url, (response) => response.blob())
  }

  /** Read a blob in a way of one's own. */
  download<T>(url: string, read: Read<T>, init: RequestInit = {}): Promise<T> {
    return this.#fetch(url, init, read)
  }

  /** RFC 8620 §2: the session's URLs may be relative to it. The gateway is on our origin, whatever name it goes by:
   * to another one the browser would send no cookie. */
  #resolved(url: string): string {
    const { pathname, search } = new URL(url, this.#sessionUrl)
    return new URL(pathname + search, this.#ports.origin).href
  }

  /** At most as many at once as the server allows: more are refused with `limit`, or block other tabs. `within`: milliseconds
   * for all of it. */
  async #fetch<T>(url: string, init: RequestInit, read: Read<T>, within?: number): Promise<T> {
    while (this.#running >= (this.#session ? this.limits.maxConcurrentRequests : 1)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#running += 1
    const silence = new Silence(this.#ports, within)
    try {
      const signal = init.signal ? AbortSignal.any([init.signal, silence.signal]) : silence.signal
      const response = await this.#responseTo(url, { ...init, signal })
      if (!response.ok) {
        const failure = await failureOf(response, this.#ports.now())
        this.onfailed(failure)
        throw failure
      }
      return await read(within === undefined ? silence.heard(response) : response).catch(() => {
        // The connection broke, or somebody else answered in place of the service.
        throw noResponse()
      })
    } finally {
      silence.end()
      this.#running -= 1
      this.#waiting.shift()?.()
    }
  }

  async #responseTo(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#ports.fetch(url, { credentials: 'same-origin', ...init })
    } catch {
      // A TypeError for every cause: offline, refused, reset. The browser does not tell which.
      throw noResponse()
    }
  }
}

/** The end of a name, as the gateway saves it: a request may be refused for a long address. Half of a surrogate pair
 * cannot be encoded. */
function nameInUrl(name: string): string {
  return (
    Array.from(name.slice(-400))
      .slice(-200)
      .join('')
      .replace(/\p{Surrogate}/gu, '_') || 'attachment'
  )
}

function accountIdOf({ primaryAccounts, accounts }: Session): Id {
  return primaryAccounts[MAIL] ?? Object.keys(accounts)[0] ?? ''
}

/** What the server can do for the person's account (RFC 8620 §2); null: it does not have this. */
export function capabilityOf({ session, accountId }: Pick<JmapClient, 'session' | 'accountId'>, name: string): unknown {
  return session.accounts[accountId]?.accountCapabilities[name] ?? null
}

/** A restored mail server may give the id of one person's account to another one. */
function ownerOf(session: Session): string {
  return `${session.username}/${accountIdOf(session)}`
}

/** RFC 8620 §3.6.2: whoever is signed in has no such account. */
function isOfNobodyHere([name, args]: Invocation): boolean {
  return name === 'error' && args['type'] === 'accountNotFound'
}

function isSession(found: unknown): found is Session {
  const { apiUrl, capabilities, accounts, primaryAccounts } = (found ?? {}) as Record<keyof Session, unknown>
  return typeof apiUrl === 'string' && [capabilities, accounts, primaryAccounts].every((one) => one instanceof Object)
}

function bodyOf(response: Response): Promise<unknown> {
  return response.json()
}

/** Shorthand for a call. */
export function call(name: string, id: string, args: Arguments = {}): { name: string; id: string; args: Arguments } {
  return { name, id, args }
}

export function reference(resultOf: string, name: string, path: string): Arguments {
  return { resultOf, name, path }
}

/** What a server takes at once (RFC 8620 §2), by `stated` where it states a positive number: with another one we would wait for ever, or ask without end. */
function limitsOf(stated: Partial<Record<keyof Limits, unknown>> | undefined): Limits {
  const found = { ...USUAL }
  for (const name of Object.keys(USUAL) as (keyof Limits)[]) {
    const value = stated?.[name]
    if (typeof value === 'number' && value >= 1) found[name] = Math.floor(value)
  }
  return found
}
