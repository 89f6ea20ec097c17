/** What can go wrong between this page and the mailbox, with what a person and a retry need to know of it. */
import type { SetError } from './types.ts'

/** A failure with the code of a problem (docs/reference/problems.md) or of a JMAP error. */
export class JmapFailure extends Error {
  readonly code: string
  /** a number for support */
  readonly reference: string | null
  /** seconds, as the service says */
  readonly retryAfter: number | null
  /** another try may help by itself */
  readonly transient: boolean
  /** what the mail server said */
  readonly detail: string | null
  /** nobody knows whether the request was carried out */
  readonly ambiguous: boolean

  constructor(code: string, facts: Partial<Omit<JmapFailure, 'code' | 'name' | 'message'>> = {}) {
    super(code)
    this.name = 'JmapFailure'
    this.code = code
    this.reference = facts.reference ?? null
    this.retryAfter = facts.retryAfter ?? null
    this.transient = facts.transient ?? false
    this.detail = facts.detail ?? null
    this.ambiguous = facts.ambiguous ?? false
  }
}

/** The same, of a request that may have been carried out all the same. */
export function asAmbiguous(failure: unknown): unknown {
  return withAmbiguity(failure, true)
}

/** The same, of a request that changes nothing. */
export function asUnambiguous(failure: unknown): unknown {
  return withAmbiguity(failure, false)
}

function withAmbiguity(failure: unknown, ambiguous: boolean): unknown {
  if (!(failure instanceof JmapFailure)) {
    return failure
  }
  const { code, reference, retryAfter, transient, detail } = failure
  return new JmapFailure(code, { reference, retryAfter, transient, detail, ambiguous })
}

/** No response at all: offline, or Postroom is away. */
export function noResponse(): JmapFailure {
  return new JmapFailure('unavailable', { transient: true, ambiguous: true })
}

/** An operator or the mail server mends these by themselves; asking again later is all that helps. */
const TRANSIENT_STATUS = new Set([408, 429, 500, 502, 503, 504])

/** The request may have reached the mail server (problems.md: "may have been carried out"). */
const AMBIGUOUS = new Set(['mail_server_broke_off', 'mail_server_silent', 'internal_error'])

/** Codes of a response that is none of Postroom's (`codeOf`): whatever answered in its place, or through it, does not say how
 * far the request went. */
const NOT_OURS = new Set(['unknown', 'serverUnavailable'])

/** RFC 8620 §3.6.1: Stalwart and the gateway answer 400 `limit` if too much is asked at once. */
const LIMIT = 'urn:ietf:params:jmap:error:limit'

/** RFC 8620 §5.3: the server refused this one object, of a rateLimit for now. */
export function refusal({ type, description }: SetError): JmapFailure {
  return new JmapFailure(type, { detail: description ?? null, transient: type === 'rateLimit' })
}

export async function failureOf(response: Response, now: number): Promise<JmapFailure> {
  const problem = await problemOf(response)
  const { type, status, limit } = problem
  // RFC 8620 §3.6.1: what is too large will not be smaller the next time.
  const isTooLarge = response.status === 413 || String(limit).startsWith('maxSize')
  const code = typeof problem.code === 'string' ? problem.code : isTooLarge ? 'tooLarge' : codeOf(type, response.status)
  return new JmapFailure(code, {
    reference: response.headers.get('X-Request-Id'),
    retryAfter: secondsOf(response.headers.get('Retry-After'), now),
    transient: TRANSIENT_STATUS.has(response.status) || (type === LIMIT && !isTooLarge) || status === 429,
    ambiguous: AMBIGUOUS.has(code) || (NOT_OURS.has(code) && response.status >= 500)
  })
}

function codeOf(type: unknown, status: number): string {
  if (typeof type === 'string' && type.startsWith('urn:')) {
    return type.slice(type.lastIndexOf(':') + 1)
  }
  // RFC 7807: a problem that is none of Postroom's came from the mail server, whose disk may be full.
  if (type !== undefined && status === 500) return 'serverUnavailable'
  // A proxy in front of Postroom, or Postroom while it starts, sends no problem.
  if (status === 429) return 'too_many_requests'
  return status === 401 ? 'no_session' : status === 502 || status === 503 || status === 504 ? 'unavailable' : 'unknown'
}

async function problemOf(
  response: Response
): Promise<{ code?: unknown; type?: unknown; status?: unknown; limit?: unknown }> {
  try {
    const body: unknown = await response.json()
    return typeof body === 'object' && body !== null ? body : {}
  } catch {
    return {}
  }
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function secondsOf(text: string | null, now: number): number | null {
  if (text === null) {
    return null
  }
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null
}

/** RFC 8620 §3.6.2: `serverUnavailable` passes by itself; Stalwart answers it for each mistake of its own, also in the
 * middle of a call. Of `serverPartialFail` some was carried out. Of both we ask what was. `serverFail` changed nothing, and is
 * expected to fail again. */
export function methodFailure(type: unknown): JmapFailure {
  const code = typeof type === 'string' ? type : 'unknown'
  const isOpen = code === 'serverPartialFail' || code === 'serverUnavailable'
  return new JmapFailure(code, { transient: isOpen, ambiguous: isOpen })
}
