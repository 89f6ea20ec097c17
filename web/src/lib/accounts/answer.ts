/** What an answer of Kratos means, whatever status it came with (Kratos, text/message_error.go). */
import { flowOf, isObject, textOf, type Flow, type FlowKind } from '#lib/accounts/flow.ts'

export type Answer =
  /** show this form: a new one, a refused one, or the next step */
  | { readonly is: 'form'; readonly flow: Flow }
  /** the flow is complete; `signedIn` if there is a session now */
  | { readonly is: 'done'; readonly signedIn: boolean; readonly next: readonly Continuation[] }
  /** the browser must go there (422, or the change needs it) */
  | { readonly is: 'elsewhere'; readonly url: string }
  /** a newer flow took the place of this one */
  | { readonly is: 'replaced'; readonly flowId: string | null }
  /** the flow is unknown, of another browser or person: only a new one helps */
  | { readonly is: 'stale' }
  | { readonly is: 'signed-in-already' }
  | { readonly is: 'signed-out' }
  | { readonly is: 'second-factor-due' }
  | { readonly is: 'fresh-login-due'; readonly url: string }
  | { readonly is: 'return-refused' }
  | { readonly is: 'trouble'; readonly trouble: Trouble }

/** `code` is one of the problems of Postroom (docs/reference/problems.md), or one of the four below. */
export interface Trouble {
  readonly code: string
  /** Kratos' own words, if it had any */
  readonly detail: string
}

export const OFF_LINE = 'no_answer'
export const SILENT = 'kratos_silent'
const CLOSED = 'flow_disabled'
export const UNKNOWN = 'unknown'

export interface Continuation {
  readonly action: string
  /** of `redirect_browser_to` */
  readonly url: string
  /** of `show_verification_ui` and its like */
  readonly flowId: string
}

const BY_ERROR: Readonly<Record<string, (body: Body, error: Body) => Answer>> = {
  session_already_available: () => ({ is: 'signed-in-already' }),
  session_aal_already_fulfilled: () => ({ is: 'signed-in-already' }),
  session_aal1_required: () => ({ is: 'signed-out' }),
  session_inactive: () => ({ is: 'signed-out' }),
  session_aal2_required: () => ({ is: 'second-factor-due' }),
  session_refresh_required: (body) => ({ is: 'fresh-login-due', url: textOf(body['redirect_browser_to']) }),
  security_csrf_violation: () => ({ is: 'stale' }),
  security_identity_mismatch: () => ({ is: 'stale' }),
  self_service_flow_expired: (body) => ({ is: 'replaced', flowId: textOf(body['use_flow_id']) || null }),
  self_service_flow_replaced: (body) => ({ is: 'replaced', flowId: textOf(body['use_flow_id']) || null }),
  self_service_flow_return_to_forbidden: () => ({ is: 'return-refused' }),
  self_service_flow_disabled: (_, error) => trouble(CLOSED, textOf(error['reason'])),
  browser_location_change_required: (body) => ({ is: 'elsewhere', url: textOf(body['redirect_browser_to']) })
}

type Body = Readonly<Record<string, unknown>>

export function answerOf(kind: FlowKind, status: number, body: unknown): Answer {
  const flow = flowOf(kind, body)
  if (flow && (status === 200 || status === 400)) return { is: 'form', flow }
  const object = isObject(body) ? body : {}
  if (status < 300) return doneOf(object)
  const error = isObject(object['error']) ? object['error'] : {}
  const known = BY_ERROR[textOf(error['id'])]
  if (known) return known(object, error)
  if (status === 404 || status === 410) return { is: 'stale' }
  if (status === 401) return { is: 'signed-out' }
  // A problem of Postroom, which forwards the request (RFC 9457), tells its code in the body.
  return trouble(textOf(object['code']) || (status >= 500 ? SILENT : UNKNOWN), textOf(error['reason']))
}

function doneOf(body: Body): Answer {
  const list: unknown[] = Array.isArray(body['continue_with']) ? body['continue_with'] : []
  return { is: 'done', signedIn: isObject(body['session']), next: list.filter(isObject).map(continuationOf) }
}

function continuationOf(item: Body): Continuation {
  const flow = isObject(item['flow']) ? item['flow'] : {}
  return { action: textOf(item['action']), url: textOf(item['redirect_browser_to']), flowId: textOf(flow['id']) }
}

export function trouble(code: string, detail = ''): Answer {
  return { is: 'trouble', trouble: { code, detail } }
}
