/** An account page in a document of jsdom, before a Kratos that gives recorded responses, one after the other. */
import { AccountsClient } from '#lib/accounts/client.ts'
import { asking } from '#lib/accounts/service.ts'
import type { Accounts } from '#lib/state/accounts.ts'
import type { Component } from 'svelte'
import { afterEach } from 'vitest'
import AroundAccounts from './AroundAccounts.svelte'
import { after, draw } from './drawn.ts'
import { recordedResponse } from './recorded.ts'

export interface AccountPage {
  /** method and path of each request, without its query */
  asked: string[]
  /** the fields of each form that was sent */
  sent: Record<string, string>[]
  /** where the page went */
  went: unknown[]
}

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

/** Every flow has the id of one that goes on. */
export function recorded(name: string, change: Record<string, unknown> = {}): Response {
  const { status, body } = recordedResponse(name)
  return Response.json({ ...(body as object), ...('ui' in (body as object) && { id: 'flow' }), ...change }, { status })
}

/** The responses are those that come to the page; each further request gets none. */
export async function opened<P extends Record<string, unknown>>(
  view: Component<P>,
  given: P,
  responses: Response[],
  more: Partial<Accounts> = {}
): Promise<AccountPage> {
  const page: AccountPage = { asked: [], sent: [], went: [] }
  const fetch = (address: string, init: RequestInit): Promise<Response> => {
    page.asked.push(`${init.method ?? 'GET'} ${address.split('?')[0] ?? ''}`)
    if (init.body instanceof URLSearchParams) page.sent.push(Object.fromEntries(init.body))
    const response = responses.shift()
    return response ? Promise.resolve(response) : Promise.reject(new TypeError('offline'))
  }
  const goes = (to: unknown): void => void page.went.push(to)
  const around: Accounts = {
    client: new AccountsClient(fetch),
    ask: asking(fetch),
    credentials: navigator.credentials,
    origin: 'http://localhost:9',
    hasAuthenticator: true,
    go: goes,
    enter: goes,
    leave: goes,
    unsent: () => Promise.resolve(0),
    databases: null,
    caches: null,
    forgetCopies: () => undefined,
    expectAnother: () => undefined,
    tellOthers: () => undefined,
    remember: () => undefined,
    ...more
  }
  ends.push(await draw(null, AroundAccounts, { around, view: view as Component<Record<string, unknown>>, given }))
  return page
}

function labelled(label: string): HTMLInputElement {
  const found = [...document.querySelectorAll('label')].find((one) => one.textContent.trim() === label)
  const input = found && document.getElementById(found.htmlFor)
  if (!(input instanceof HTMLInputElement)) throw new Error(`there is no field ${label}`)
  return input
}

export { labelled as field }

export function fill(values: Record<string, string>): Promise<void> {
  return after(() => {
    for (const [label, value] of Object.entries(values)) {
      const input = labelled(label)
      input.value = value
      input.dispatchEvent(new Event('input', { bubbles: true }))
    }
  })
}

export function button(name: string): HTMLButtonElement {
  const buttons = [...document.querySelectorAll('button')]
  const found = buttons.find((one) => (one.getAttribute('aria-label') ?? one.textContent.trim()) === name)
  if (!found) throw new Error(`there is no button ${name}`)
  return found
}

export function press(name: string): Promise<void> {
  return after(() => button(name).click())
}

/** What is said loudly. */
export function alerts(): string[] {
  return [...document.querySelectorAll('[role=alert]')].map((one) => one.textContent.trim().replaceAll(/\s+/g, ' '))
}
