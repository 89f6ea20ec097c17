import { expect, test } from 'vitest'
import { asking, listOf, momentOf, readAs } from './service.ts'

function responding(response: () => Response | Promise<Response>): {
  ask: ReturnType<typeof asking>
  sent: [string, RequestInit][]
} {
  const sent: [string, RequestInit][] = []
  const ask = asking((address, init) => {
    sent.push([address, init])
    return Promise.resolve(response())
  })
  return { ask, sent }
}

test('a request is JSON with the cookie of our own origin, and nothing of it is kept', async () => {
  const { ask, sent } = responding(() => Response.json({ ok: true }))
  expect(await ask('POST', '/api/devices', { name: 'Phone' })).toEqual({ value: { ok: true } })
  const [[address, init] = ['', {}]] = sent
  expect([address, init.method, init.body]).toEqual(['/api/devices', 'POST', '{"name":"Phone"}'])
  expect(init).toMatchObject({ credentials: 'same-origin', cache: 'no-store', redirect: 'error' })
})

test.each([
  ['a problem of Postroom', 403, { code: 'fresh_login_required', detail: 'log in again' }, 'fresh_login_required'],
  [
    'an error of Kratos',
    403,
    { error: { id: 'session_aal2_required', reason: 'second factor' } },
    'session_aal2_required'
  ],
  ['an ended session without a code', 401, {}, 'no_session'],
  ['anything else', 500, {}, 'unknown']
])('%s is a failure with its code', async (_, status, body, code) => {
  const { ask } = responding(() => Response.json(body, { status }))
  expect(await ask('GET', '/')).toMatchObject({ failure: { code } })
})

test('no response, and a page in place of one, are failures', async () => {
  const { ask } = responding(() => Promise.reject(new TypeError('offline')))
  expect(await ask('GET', '/')).toMatchObject({ failure: { code: 'no_response' } })
  const page = responding(() => new Response('<html>'))
  expect(await page.ask('GET', '/')).toMatchObject({ failure: { code: 'unknown' } })
})

test('an empty response is done', async () => {
  const { ask } = responding(() => new Response(null, { status: 204 }))
  expect(await ask('DELETE', '/')).toEqual({ value: null })
})

test('what cannot be read is a failure, and such entries of a list are left out', () => {
  expect(readAs({ value: 1 }, () => null)).toMatchObject({ failure: { code: 'unknown' } })
  expect(listOf([1, 'a', 2], (each) => (typeof each === 'number' ? each : null))).toEqual([1, 2])
  expect([momentOf('no date'), momentOf(null), momentOf('2026-11-27T14:00:00Z')?.getTime()]).toEqual([
    null,
    null,
    Date.UTC(2026, 10, 27, 14)
  ])
})
