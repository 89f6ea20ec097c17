/** Requests to Postroom, and through it to Kratos, in the name of who is signed in. Nothing is thrown. */
import type { Fetch } from '#lib/accounts/client.ts'
import { isObject, textOf } from '#lib/accounts/flow.ts'
import { NO_RESPONSE, UNKNOWN } from '#lib/accounts/kratos-response.ts'

export interface Failure {
  /** of a problem (docs/reference/problems.md) or of an error of Kratos, or `no_response` */
  readonly code: string
  /** what the service said, in English */
  readonly detail: string
}

export type Outcome<T> = { readonly value: T } | { readonly failure: Failure }

export type Ask = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<Outcome<unknown>>

/** A person waits: a mail server that makes an app password may take some seconds. */
const PATIENCE_MS = 20_000

export function asking(fetch: Fetch): Ask {
  return async (method, path, body) => {
    const headers = { Accept: 'application/json', ...(body !== undefined && { 'Content-Type': 'application/json' }) }
    try {
      const response = await fetch(path, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE_MS)
      })
      return outcomeOf(response.status, await response.text())
    } catch {
      return failed(NO_RESPONSE)
    }
  }
}

function outcomeOf(status: number, text: string): Outcome<unknown> {
  const body = parsed(text)
  if (status < 300) return body === undefined ? failed(UNKNOWN) : { value: body }
  const object = isObject(body) ? body : {}
  const error = isObject(object['error']) ? object['error'] : {}
  const code = textOf(object['code']) || textOf(error['id']) || (status === 401 ? 'no_session' : UNKNOWN)
  return failed(code, textOf(object['detail']) || textOf(error['reason']))
}

/** Undefined: no JSON, as from a proxy that answers with a page. An empty body is one of no content. */
function parsed(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

export function failed(code: string, detail = ''): { readonly failure: Failure } {
  return { failure: { code, detail } }
}

/** What `read` makes of the value; a value that it cannot read (null) is a failure. */
export function readAs<T>(outcome: Outcome<unknown>, read: (value: unknown) => T | null): Outcome<T> {
  if ('failure' in outcome) return outcome
  const value = read(outcome.value)
  return value === null ? failed(UNKNOWN) : { value }
}

/** Those entries of a list that can be read. */
export function listOf<T>(value: unknown, read: (entry: unknown) => T | null): T[] {
  return Array.isArray(value) ? value.map(read).filter((entry) => entry !== null) : []
}

export function momentOf(value: unknown): Date | null {
  const moment = new Date(textOf(value) || NaN)
  return Number.isNaN(moment.getTime()) ? null : moment
}
