import { AccountsClient, type Fetch } from '#lib/accounts/client.ts'
import { expect, test } from 'vitest'
import { recordedResponse, recordedFlow } from '../../../tests/recorded.ts'

/** A server that gives one response after the other, and what it was asked. */
function server(...responses: (Response | Error)[]): { asked: string[]; client: AccountsClient; init: RequestInit[] } {
  const asked: string[] = []
  const init: RequestInit[] = []
  const fetch: Fetch = (address, options) => {
    asked.push(`${options.method ?? 'GET'} ${address}`)
    init.push(options)
    const response = responses.shift() ?? new Error('nothing more was expected')
    return response instanceof Error ? Promise.reject(response) : Promise.resolve(response)
  }
  return { asked, init, client: new AccountsClient(fetch) }
}

function recorded(name: string): Response {
  const { status, body } = recordedResponse(name)
  return Response.json(body, { status })
}

test('a new flow is asked for with what it is for', async () => {
  const { asked, client, init } = server(recorded('login'), recorded('login'))
  const options = { refresh: true, aal: 'aal2', returnTo: 'http://localhost:9/mail?a=b' }
  expect(await client.begin('login', options)).toMatchObject({ is: 'form' })
  await client.begin('registration', {})
  expect(asked).toEqual([
    'GET /.ory/kratos/public/self-service/login/browser?refresh=true&aal=aal2&return_to=http%3A%2F%2Flocalhost%3A9%2Fmail%3Fa%3Db',
    'GET /.ory/kratos/public/self-service/registration/browser'
  ])
  expect(init[0]).toMatchObject({
    headers: { Accept: 'application/json' },
    credentials: 'same-origin',
    redirect: 'error'
  })
})

test('a form goes to our own origin, whatever host its action names', async () => {
  const { asked, client, init } = server(recorded('login-refused'))
  const flow = recordedFlow('login', 'login')
  await client.submit(flow, [['identifier', 'a&b=c']])
  expect(asked).toEqual([`POST /.ory/kratos/public/self-service/login?flow=${flow.id}`])
  expect((init[0]?.body as URLSearchParams).toString()).toBe('identifier=a%26b%3Dc')
})

test('no response is told from a bad one', async () => {
  const { client } = server(new TypeError('offline'), new Response('<html>', { status: 200 }))
  expect(await client.begin('login', {})).toMatchObject({ trouble: { code: 'no_response' } })
  expect(await client.begin('login', {})).toMatchObject({ trouble: { code: 'kratos_silent' } })
})

test('a refusal for too many guesses says how long to wait', async () => {
  const refusal = Response.json({ code: 'too_many_guesses' }, { status: 429, headers: { 'Retry-After': '90' } })
  const response = await server(refusal).client.submit(recordedFlow('login', 'login'), [])
  expect(response).toEqual({ is: 'trouble', trouble: { code: 'too_many_guesses', detail: '', retryAfter: 90 } })
})

test('signing out ends the session in Postroom first, which needs it, then in Kratos', async () => {
  const { asked, client } = server(
    new Response(null, { status: 204 }),
    recorded('logout'),
    new Response(null, { status: 204 })
  )
  expect(await client.signOut()).toBe(true)
  const { logout_token: token } = recordedResponse('logout').body as { logout_token: string }
  expect(asked).toEqual([
    'POST /api/logout',
    'GET /.ory/kratos/public/self-service/logout/browser',
    `GET /.ory/kratos/public/self-service/logout?token=${token}`
  ])
})

test('a session that has ended already is signed out; one that may live is not said to be', async () => {
  const unauthorized = () => new Response(null, { status: 401 })
  expect(await server(unauthorized(), recorded('logout-signed-out')).client.signOut()).toBe(true)
  const away = () => new Response(null, { status: 503 })
  expect(await server(away(), away()).client.signOut()).toBe(false)
  expect(await server(away(), recorded('logout'), away()).client.signOut()).toBe(false)
  expect(await server(new TypeError('offline'), new TypeError('offline')).client.signOut()).toBe(false)
})

test('an error that Kratos has stored is told in its words, an unknown one not at all', async () => {
  const { client } = server(recorded('error-stub'), recorded('error-unknown'))
  expect(await client.error('stub:500')).toBe('This is a stub error.')
  expect(await client.error('x')).toBeNull()
})
