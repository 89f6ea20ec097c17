/** What the forms of Kratos need of this browser. */
import { goto } from '$app/navigation'
import { PersonHere } from '#lib/offline/person.ts'
import { asking } from '#lib/accounts/service.ts'
import type { Accounts } from '#lib/state/accounts.ts'
import { leaving } from './leaving.ts'

export function accountsHere(): Accounts {
  return {
    ...leaving(),
    ask: asking((address, init) => window.fetch(address, init)),
    credentials: navigator.credentials,
    origin: location.origin,
    hasAuthenticator: 'PublicKeyCredential' in window,
    go: (to) => {
      if ('page' in to) void goto(to.page)
      else location.assign('load' in to ? to.load : to.site)
    },
    enter: (to) => {
      if ('page' in to) void goto(to.page, { replace: true })
      else location.replace('load' in to ? to.load : to.site)
    },
    expectAnother: () => {
      if ('caches' in window) void new PersonHere(caches, () => Date.now()).is(null)
    },
    remember: (flowId) => {
      const url = new URL(location.href)
      if (url.searchParams.get('flow') === flowId) return
      url.searchParams.set('flow', flowId)
      void goto(url, { shallow: true, replace: true })
    }
  }
}
