/** What the query of an account page asks for. */
import type { FlowKind } from '#lib/accounts/flow.ts'
import type { Opening } from '#lib/state/account-flow.svelte.ts'

export function openingOf(kind: FlowKind, search: string, origin: string): Opening {
  const query = new URLSearchParams(search)
  return {
    purpose: { kind, origin, returnTo: query.get('return_to') },
    flowId: query.get('flow'),
    refresh: query.get('refresh') === 'true',
    aal: query.get('aal') === 'aal2' ? 'aal2' : null
  }
}

/** The same query for another page, without the flow, which belongs to this one. */
export function onwards(page: string, search: string): string {
  const back = new URLSearchParams(search).get('return_to')
  return back ? `${page}?${new URLSearchParams({ return_to: back }).toString()}` : page
}
