/** What a response of Kratos means, whatever status it came with (Kratos, text/message_error.go). */
import { flowOf, isObject, textOf, type Flow, type FlowKind } from '#lib/accounts/flow.ts'

export type KratosResponse =
  /** show this form: a new one, a refused one, or the next step */
  | { readonly is: 'form'; readonly flow: Flow }
  /** the flow is complete; `signedIn` if there is a session now */
  | { readonly is: 'done'; readonly signedIn: boolean; readonly next: readonly Continuation[] }
  /** the browser must go there (422, or the change needs it) */
  | { readonly is: 'location_change_required'; readonly url: string }
  /** a newer flow took the place of this one */
  | { readonly is: 'flow_replaced'; readonly flowId: string | null }
  /** the flow is unknown, of another browser or person: only a new one helps */
  | { readonly is: 'flow_gone' }
  | { readonly is: 'session_already_available' }
  | { readonly is: 'session_inactive' }
  | { readonly is: 'session_aal2_required' }
  | { readonly is: 'session_refresh_required'; readonly url: string }
  | { readonly is: 'return_to_forbidden' }
  | { readonly is: 'trouble'; readonly trouble: FlowTrouble }

/** `code` is one of the problems of Postroom (docs/reference/problems.md), or one of the four below. */
export interface FlowTrouble {
  readonly code: string
  /** Kratos' own words, if it had any */
  readonly detail: string
  /** seconds to wait, if the service said so */
  readonly retryAfter?: number | undefined
}

export const NO_RESPONSE = 'no_response'
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

const BY_ERROR: Readonly<Record<string, (body: Body, error: Body) => KratosResponse>> = {
  session_already_available: () => ({ is: 'session_already_available' }),
  session_aal_already_fulfilled: () => ({ is: 'session_already_available' }),
  session_aal1_required: () => ({ is: 'session_inactive' }),
  session_inactive: () => ({ is: 'session_inactive' }),
  session_aal2_required: () => ({ is: 'session_aal2_required' }),
  session_refresh_required: (body) => ({ is: 'session_refresh_required', url: textOf(body['redirect_browser_to']) }),
  security_csrf_violation: () => ({ is: 'flow_gone' }),
  security_identity_mismatch: () => ({ is: 'flow_gone' }),
  self_service_flow_expired: (body) => ({ is: 'flow_replaced', flowId: textOf(body['use_flow_id']) || null }),
  self_service_flow_replaced: (body) => ({ is: 'flow_replaced', flowId: textOf(body['use_flow_id']) || null }),
  self_service_flow_return_to_forbidden: () => ({ is: 'return_to_forbidden' }),
  self_service_flow_disabled: (_, error) => trouble(CLOSED, textOf(error['reason'])),
  browser_location_change_required: (body) => ({
    is: 'location_change_required',
    url: textOf(body['redirect_browser_to'])
  })
}

type Body = Readonly<Record<string, unknown>>

export function kratosResponseOf(kind: FlowKind, status: number, body: unknown, retryAfter?: number): KratosResponse {
  const flow = flowOf(kind, body)
  if (flow && (status === 200 || status === 400)) return { is: 'form', flow }
  const object = isObject(body) ? body : {}
  if (status < 300) return doneOf(object)
  const error = isObject(object['error']) ? object['error'] : {}
  const known = BY_ERROR[textOf(error['id'])]
  if (known) return known(object, error)
  if (status === 404 || status === 410) return { is: 'flow_gone' }
  if (status === 401) return { is: 'session_inactive' }
  // A problem of Postroom, which forwards the request (RFC 9457), tells its code in the body.
  return trouble(textOf(object['code']) || (status >= 500 ? SILENT : UNKNOWN), textOf(error['reason']), retryAfter)
}

function doneOf(body: Body): KratosResponse {
  const list: unknown[] = Array.isArray(body['continue_with']) ? body['continue_with'] : []
  return { is: 'done', signedIn: isObject(body['session']), next: list.filter(isObject).map(continuationOf) }
}

function continuationOf(item: Body): Continuation {
  const flow = isObject(item['flow']) ? item['flow'] : {}
  return { action: textOf(item['action']), url: textOf(item['redirect_browser_to']), flowId: textOf(flow['id']) }
}

export function trouble(code: string, detail = '', retryAfter?: number): KratosResponse {
  return { is: 'trouble', trouble: { code, detail, ...(retryAfter ? { retryAfter } : {}) } }
}
