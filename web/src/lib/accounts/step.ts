/** What the page does after a response. A pure function of the response and of what the page is for. */
import { UNKNOWN, type KratosResponse, type Continuation, type FlowTrouble } from '#lib/accounts/kratos-response.ts'
import { destinationOf, KRATOS, ownPage, PAGES, type Destination } from '#lib/accounts/destination.ts'
import type { Flow, FlowKind } from '#lib/accounts/flow.ts'

/** What the page was opened for. */
export interface Purpose {
  readonly kind: FlowKind
  readonly origin: string
  /** from the address bar, so from anybody */
  readonly returnTo: string | null
}

export type Step =
  | { readonly do: 'show'; readonly flow: Flow }
  /** start anew, and keep what was typed; without `returnTo` if Kratos refused it */
  | { readonly do: 'begin'; readonly plain: boolean }
  | { readonly do: 'resume'; readonly flowId: string }
  /** signed in: the page behind the door, in place of the door */
  | { readonly do: 'enter'; readonly to: Destination }
  | { readonly do: 'go'; readonly to: Destination }
  /** ask for a fresh sign-in, then go there */
  | { readonly do: 'confirm'; readonly to: Destination }
  | { readonly do: 'stop'; readonly trouble: FlowTrouble }

const START = '/'

export function stepAfter(response: KratosResponse, purpose: Purpose): Step {
  switch (response.is) {
    case 'form':
      return { do: 'show', flow: response.flow }
    case 'done':
      return afterDone(response.signedIn, response.next, purpose)
    case 'location_change_required':
      return go(response.url, purpose, 'go')
    case 'flow_replaced':
      return response.flowId ? { do: 'resume', flowId: response.flowId } : { do: 'begin', plain: false }
    case 'flow_gone':
      return { do: 'begin', plain: false }
    case 'return_to_forbidden':
      return { do: 'begin', plain: true }
    case 'session_already_available':
      return enter(wanted(purpose))
    case 'session_inactive':
      return { do: 'go', to: { page: signInPage(purpose, '') } }
    case 'session_aal2_required':
      return { do: 'go', to: { page: signInPage(purpose, 'aal2') } }
    case 'session_refresh_required':
      return go(response.url, purpose, 'confirm')
    case 'trouble':
      return { do: 'stop', trouble: response.trouble }
  }
}

/** Where the person wanted to go, or the start. */
export function wanted(purpose: Purpose): string {
  return ownPage(purpose.returnTo, purpose.origin) ?? START
}

function afterDone(signedIn: boolean, next: readonly Continuation[], purpose: Purpose): Step {
  const verify = next.find((each) => each.action === 'show_verification_ui')
  // A new mailbox cannot receive the mail yet that proves its address: who is signed in goes on.
  if (!signedIn && verify?.flowId) {
    return { do: 'go', to: { page: `${PAGES.verification}?flow=${encodeURIComponent(verify.flowId)}` } }
  }
  const settings = next.find((each) => each.action === 'show_settings_ui')
  if (settings?.flowId) {
    return { do: 'go', to: { page: `${PAGES.settings}?flow=${encodeURIComponent(settings.flowId)}` } }
  }
  const page = ownPage(purpose.returnTo, purpose.origin)
  if (page || signedIn) return enter(page ?? ownFrom(next, purpose.origin) ?? START)
  return { do: 'go', to: { page: PAGES.login } }
}

/** The page to which Kratos would send the browser, such as the change that waits for a fresh sign-in. */
function ownFrom(next: readonly Continuation[], origin: string): string | null {
  const url = next.find((each) => each.action === 'redirect_browser_to')?.url
  const to = url ? destinationOf(url, origin) : null
  if (!to || 'site' in to) return null
  return ownPage('load' in to ? to.load : to.page, origin)
}

/** Kratos' own address is no page of the interface: the browser loads it, and is sent on. */
function enter(page: string): Step {
  return { do: 'enter', to: page.startsWith(`${KRATOS}/`) ? { load: page } : { page } }
}

function go(url: string, purpose: Purpose, how: 'go' | 'confirm'): Step {
  const to = destinationOf(url, purpose.origin)
  return to ? { do: how, to } : { do: 'stop', trouble: { code: UNKNOWN, detail: '' } }
}

/** Sign in and come back. A page for signing in is nothing to come back to. */
function signInPage(purpose: Purpose, aal: string): string {
  const query = new URLSearchParams()
  if (aal) query.set('aal', aal)
  const page = ownPage(purpose.returnTo, purpose.origin)
  const back = purpose.kind === 'settings' ? (page ?? PAGES.settings) : page
  if (back) query.set('return_to', back)
  return `${PAGES.login}${query.size ? `?${query.toString()}` : ''}`
}
