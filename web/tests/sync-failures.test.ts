import { describe, expect, test } from 'vitest'
import { create as absence } from '#lib/settings/state/absence-state.svelte.ts'
import { Mail } from '#lib/state/mail.svelte.ts'
import { ModelServer } from './model-server.ts'
import { deliver, failing, hint, opened } from './scene.ts'
import { settled, World } from './world.ts'

describe('when something fails', () => {
  const away =
    (headers: Record<string, string> = {}) =>
    (): Response =>
      Response.json({ code: 'mail_server_away' }, { status: 503, headers })

  test('what is shown stays, the trouble names the next try, and it is made then', async () => {
    const scene = await opened()
    scene.server.deliver()
    scene.server.interrupt = away({ 'Retry-After': '30' })
    await hint(scene)
    const { trouble } = scene.mail.list ?? {}
    expect(trouble).toMatchObject({ code: 'mail_server_away' })
    expect(Number(trouble?.retryAt) - scene.world.time).toBeGreaterThanOrEqual(30_000)
    expect(scene.mail.connection.live).toBe('offline')
    scene.server.interrupt = () => null
    await scene.world.pass(32_000)
    expect(scene.mail.list).toMatchObject({ trouble: null, total: 1, freshness: 'current' })
  })

  test('the tries become rarer, and none comes between', async () => {
    const scene = await opened()
    let tries = 0
    scene.server.interrupt = (path) => (path === '/jmap/' ? ((tries += 1), away()()) : null)
    await hint(scene)
    await scene.world.pass(300_000)
    expect(tries).toBeGreaterThan(5)
    expect(tries).toBeLessThan(14)
  })

  test('a person who does not want to wait need not', async () => {
    const scene = await opened()
    scene.server.deliver()
    scene.server.interrupt = away({ 'Retry-After': '600' })
    await hint(scene)
    scene.server.interrupt = () => null
    scene.mail.list?.tryAgain()
    await settled()
    expect(scene.mail.list).toMatchObject({ trouble: null, total: 1 })
  })

  test('a session that ended is asked about no more', async () => {
    const scene = await opened()
    scene.server.interrupt = () => Response.json({ code: 'no_session' }, { status: 401 })
    await hint(scene)
    expect(scene.mail.trouble?.code).toBe('no_session')
    let tries = 0
    scene.server.interrupt = () => ((tries += 1), null)
    await scene.world.pass(3_600_000)
    expect(tries).toBe(0)
  })

  test('a list does not wait for an hour if another part of the page learnt meanwhile who is signed in', async () => {
    const server = new ModelServer()
    deliver(server, 1)
    server.interrupt = () => new Response('', { status: 429, headers: { 'Retry-After': '3600' } })
    const { mail, world } = await opened(server)
    await world.pass(5_000)
    expect(mail.trouble?.code).toBe('too_many_requests')
    server.interrupt = () => null
    await mail.part(absence).load()
    await settled()
    expect([mail.trouble, mail.list?.total]).toEqual([null, 1])
  })

  test('a list of which a part cannot be had is not called current, and comes later', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    server.interrupt = failing('Thread/get', server)
    const { mail, world } = await opened(server)
    expect(mail.trouble?.code ?? mail.list?.trouble?.code).toBe('serverUnavailable')
    server.interrupt = () => null
    await world.pass(2_000)
    expect(mail.list).toMatchObject({ freshness: 'current', total: 2 })
    expect(mail.list?.row(0)?.subject).toBe('Mail 2')
  })

  test.each([['/jmap/session'], ['/jmap/']])(
    'that %s takes long to answer is said while it is waited for',
    async (slow) => {
      const server = new ModelServer()
      deliver(server, 1)
      let respond: () => void = () => undefined
      server.interrupt = (path) => (path === slow ? new Promise((resolve) => (respond = () => resolve(null))) : null)
      const { mail, world } = await opened(server)
      const told = (): string | undefined => (mail.trouble ?? mail.list?.trouble)?.code
      await world.pass(9_000)
      expect(told()).toBeUndefined()
      await world.pass(2_000)
      expect([told(), mail.list?.freshness ?? 'loading']).toEqual(['slow', 'loading'])
      server.interrupt = () => null
      respond()
      await settled()
      expect([told(), mail.list?.total]).toEqual([undefined, 1])
    }
  )

  test('who does not want to wait for a session that hangs has it asked for again at once', async () => {
    const server = new ModelServer()
    deliver(server, 1)
    const world = new World()
    let asked = 0
    const mail = new Mail(
      world.ports((input, init) => {
        if ((asked += 1) > 2) return server.fetch(input, init)
        return new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))))
      })
    )
    mail.show(null)
    await world.pass(20_000)
    expect([asked, mail.trouble?.code]).toEqual([2, 'unavailable'])
    mail.connection.tryNow()
    await settled()
    expect([mail.trouble, mail.list?.total]).toEqual([null, 1])
  })

  test('a mailbox that is being made is told to the whole page', async () => {
    const server = new ModelServer()
    server.interrupt = () => Response.json({ code: 'mailbox_not_ready' }, { status: 503 })
    const { mail } = await opened(server)
    expect(mail.trouble?.code).toBe('mailbox_not_ready')
  })
})
