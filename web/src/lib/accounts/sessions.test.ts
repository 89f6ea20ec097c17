import { expect, test } from 'vitest'
import type { Ask } from './service.ts'
import { Sessions } from './sessions.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const id = (n: number): string => `3a5293f1-f4d6-49f4-b34f-6da62c36060${n}`

function session(n: number, at: string, devices: unknown = [{ ip_address: '1.1.1.1', user_agent: FIREFOX }]): object {
  return { id: id(n), active: true, authenticated_at: at, devices }
}

function kratos(own: unknown, others: unknown): { ask: Ask; asked: string[] } {
  const asked: string[] = []
  const ask: Ask = (method, path) => {
    asked.push(`${method} ${path}`)
    return Promise.resolve({ value: path.endsWith('/whoami') ? own : others })
  }
  return { ask, asked }
}

test('the own session stands first, then the others, the newest first', async () => {
  const others = [session(2, '2026-11-20T08:00:00Z'), session(3, '2026-11-26T08:00:00Z')]
  const { ask } = kratos(session(1, '2026-11-01T08:00:00Z'), others)
  expect(await new Sessions(ask).list()).toMatchObject({
    value: {
      items: [
        { id: id(1), isThis: true },
        { id: id(3), isThis: false },
        { id: id(2), isThis: false }
      ]
    }
  })
})

test('a version of Kratos that lists the own one among the others shows it once', async () => {
  const own = session(1, '2026-11-01T08:00:00Z')
  const { ask } = kratos(own, [own])
  expect(await new Sessions(ask).list()).toMatchObject({ value: { items: [{ isThis: true }] } })
})

test('where one signed in is told by the newest sign-in of a session, and may be unknown', async () => {
  const moved = [
    { ip_address: '1.1.1.1', user_agent: 'x' },
    { ip_address: '8.8.8.8', user_agent: FIREFOX }
  ]
  const { ask } = kratos(session(1, '2026-11-01T08:00:00Z', moved), [session(2, '', null)])
  expect(await new Sessions(ask).list()).toMatchObject({
    value: {
      items: [
        { address: '8.8.8.8', program: { browser: 'Firefox', system: 'Linux' } },
        { address: '', at: null, program: { browser: null, system: null, text: '' } }
      ]
    }
  })
})

test('no session is ended by an id that would be another path', async () => {
  const { ask, asked } = kratos(null, null)
  const sessions = new Sessions(ask)
  for (const wrong of ['', '..', 'whoami', `${id(1)}/extend`]) {
    expect(await sessions.remove(wrong)).toHaveProperty('failure')
  }
  expect(asked).toEqual([])
  await sessions.remove(id(2))
  await sessions.removeOthers()
  expect(asked).toEqual([`DELETE /.ory/kratos/public/sessions/${id(2)}`, 'DELETE /.ory/kratos/public/sessions'])
})
