/**
 * Where a person may be sent. `return_to` comes from the address bar and therefore from anybody: only pages of our own
 * origin are taken from it, or a link to the real sign-in could end on a copy of it elsewhere (open redirect).
 */
import type { FlowKind } from '#lib/accounts/flow.ts'

/** Postroom forwards this path to Kratos' public API. */
export const KRATOS = '/.ory/kratos/public'

export const PAGES: Readonly<Record<FlowKind, string>> = {
  login: '/sign-in',
  registration: '/sign-up',
  recovery: '/recovery',
  verification: '/verification',
  settings: '/settings'
}

/** Pages on which one signs in: nobody returns to them. */
const SIGN_IN_PAGES = ['/sign-in', '/sign-up', '/recovery', '/verification', '/error']

/** The path, query and fragment of a page of ours, or null if the address is none. */
export function ownPage(address: string | null | undefined, origin: string): string | null {
  if (!address || address.length > 2000) return null
  const url = parsed(address, origin)
  // `blob:` addresses have the origin of the page that made them.
  if (url?.origin !== origin || url.protocol === 'blob:' || url.username || url.password) return null
  // A path that begins with two slashes would be a host if something resolved it again.
  if (url.pathname.startsWith('//') || SIGN_IN_PAGES.includes(url.pathname)) return null
  if (url.pathname.startsWith('/.ory/') && url.pathname !== `${KRATOS}/self-service/settings`) return null
  return url.pathname + url.search + url.hash
}

export type Destination =
  /** a page of the interface, shown without a load */
  | { readonly page: string }
  /** on our own origin, but not a page: the browser loads it */
  | { readonly load: string }
  /** another site, such as a provider at which one signs in */
  | { readonly site: string }

/** Where an address from Kratos leads, whatever host Kratos believes to be reached at; null if nowhere safe. */
export function destinationOf(address: string, origin: string): Destination | null {
  const url = parsed(address, origin)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null
  const [, flow] =
    /\/self-service\/(login|registration|recovery|verification|settings)\/browser$/.exec(url.pathname) ?? []
  if (flow) return { page: PAGES[flow as FlowKind] + ownQuery(url, origin) }
  if (isResumedSettings(url)) return { load: `${KRATOS}/self-service/settings${url.search}` }
  if (url.origin !== origin) return { site: url.href }
  return { page: url.pathname + url.search + url.hash }
}

/** The query of a request for a new flow, with our own page in `return_to`. */
function ownQuery(url: URL, origin: string): string {
  const query = new URLSearchParams()
  for (const name of ['refresh', 'aal']) {
    const value = url.searchParams.get(name)
    if (value) query.set(name, value)
  }
  const back = url.searchParams.get('return_to')
  const there = back ? destinationOf(back, origin) : null
  if (there && 'load' in there) query.set('return_to', there.load)
  if (there && 'page' in there) query.set('return_to', there.page)
  return query.size ? `?${query.toString()}` : ''
}

/** Kratos makes the change for which a fresh login was needed when the browser opens this address (GET). */
function isResumedSettings(url: URL): boolean {
  return url.pathname.endsWith('/self-service/settings') && url.searchParams.has('flow')
}

function parsed(address: string, origin: string): URL | null {
  return URL.canParse(address, origin) ? new URL(address, origin) : null
}
