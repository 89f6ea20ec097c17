import { expect, test, vi } from 'vitest'
import { FakeCaches } from '../../../tests/fake-caches.ts'
import { KeptBuild } from './build.ts'
import { PersonHere } from './person.ts'
import { PATIENCE, Worker } from './worker.ts'

const ORIGIN = 'https://mail.test'
const ANN = '6f1c1f9e-0000-4000-8000-000000000001'
const BEN = '6f1c1f9e-0000-4000-8000-000000000002'

function pathsOf(version: string): string[] {
  return [`/_app/immutable/entry/start.${version}.js`, `/_app/immutable/chunks/late.${version}.js`]
}

/** A service that can be upgraded, and be away. */
class Service {
  version = 'one'
  person: string | null = null
  /** of a page: what comes in its place */
  instead: (() => Promise<Response>) | null = null
  away = false
  readonly asked: { path: string; credentials: RequestCredentials | undefined }[] = []

  readonly fetch = ((input: Request | string, init?: RequestInit) => {
    const path = typeof input === 'string' ? input : new URL(input.url).pathname
    this.asked.push({ path, credentials: init?.credentials })
    return this.away ? Promise.reject(new TypeError('Failed to fetch')) : this.#respond(path, init)
  }) as typeof fetch

  #respond(path: string, init?: RequestInit): Promise<Response> {
    if (path.startsWith('/_app/')) {
      return Promise.resolve(new Response(path, { status: pathsOf(this.version).includes(path) ? 200 : 404 }))
    }
    return this.instead?.() ?? Promise.resolve(this.page(init?.credentials === 'omit' ? null : this.person))
  }

  page(person: string | null): Response {
    const name = person ? `<meta name="postroom-person" content="${person}" />` : ''
    const html = `<!doctype html><head>${name}</head><script>import("${pathsOf(this.version)[0] ?? ''}")</script>`
    return new Response(html, { headers: { 'Content-Type': 'text/html; charset=utf-8', ETag: '"1"' } })
  }
}

function request(path: string, mode: 'navigate' | 'cors' = 'navigate', method = 'GET'): Request {
  // No script can make a request of this mode.
  return Object.defineProperty(new Request(ORIGIN + path, { method }), 'mode', { value: mode })
}

function browser(caches = new FakeCaches(), service = new Service(), version = service.version) {
  const person = new PersonHere(caches.storage, () => Date.now())
  const build = new KeptBuild(caches.storage, service.fetch, version, pathsOf(version))
  const pauses: (() => void)[] = []
  const pause = (): Promise<void> => new Promise((resolve) => pauses.push(resolve))
  const worker = new Worker({ fetch: service.fetch, origin: ORIGIN, build, person, pause })
  const open = async (path = '/mail/inbox'): Promise<string> => {
    const handled = worker.handle(request(path))
    const text = await (await handled?.response)?.clone().text()
    await handled?.rest
    return text ?? 'not ours'
  }
  return { caches, service, person, worker, pauses, open }
}

async function installed() {
  const made = browser()
  await made.worker.install()
  return made
}

test.each([
  ['/api/me', 'cors'],
  ['/jmap/session', 'cors'],
  ['/.well-known/jmap', 'cors'],
  ['/self-service/logout', 'navigate'],
  ['/mail/config-v1.1.xml', 'navigate'],
  ['/sign-in', 'navigate'],
  ['/mailbox', 'navigate'],
  ['/_app/version.json', 'cors']
] as const)('%s is left to the network', async (path, mode) => {
  const { worker } = await installed()
  expect(worker.handle(request(path, mode))).toBeNull()
})

test('what is not asked for by GET, or from another origin, is left to the network', async () => {
  const { worker } = await installed()
  expect(worker.handle(request('/mail', 'navigate', 'POST'))).toBeNull()
  expect(worker.handle(new Request('https://elsewhere.test/_app/immutable/x.js'))).toBeNull()
})

test('what it keeps names nobody, and was asked for without the session', async () => {
  const { caches, service } = browser()
  service.person = ANN
  const { worker } = browser(caches, service)
  await worker.install()
  const page = await caches.match('/mail')
  expect(await page?.text()).not.toContain('postroom-person')
  expect(service.asked.find(({ path }) => path === '/mail')?.credentials).toBe('omit')
})

test('on line the page is that of the service, and whom it names is remembered', async () => {
  const { open, service, person } = await installed()
  service.person = ANN
  expect(await open()).toContain(ANN)
  expect(await person.id()).toBe(ANN)
})

test('without a network the page names whom the service named last', async () => {
  const { open, service } = await installed()
  service.person = ANN
  await open()
  service.away = true
  const page = await open('/mail/compose/new')
  expect(page).toContain(`<head><meta name="postroom-person" content="${ANN}" />`)
  expect(page).toContain('start.one.js')
})

test('a page that names somebody else, or nobody, is the end of the one before', async () => {
  const { open, service } = await installed()
  service.person = ANN
  await open()
  service.person = BEN
  await open()
  service.away = true
  expect(await open()).toContain(BEN)
  service.away = false
  service.person = null
  await open()
  service.away = true
  expect(await open()).not.toContain('postroom-person')
})

test('after a month in which nobody was named, nobody is', async () => {
  const { open, service } = await installed()
  service.person = ANN
  await open()
  vi.setSystemTime(Date.now() + 31 * 24 * 60 * 60 * 1000)
  service.away = true
  expect(await open()).not.toContain(ANN)
  vi.useRealTimers()
})

test('a server that fails, or takes too long, counts as away', async () => {
  const { open, service, pauses } = await installed()
  service.instead = () => Promise.resolve(new Response('Bad Gateway', { status: 502 }))
  expect(await open()).toContain('start.one.js')
  const late = Promise.withResolvers<Response>()
  service.instead = () => late.promise
  const opened = open()
  expect(PATIENCE).toBeLessThanOrEqual(3_000)
  await vi.waitFor(() => expect(pauses).toHaveLength(2))
  pauses.at(-1)?.()
  await vi.waitFor(() => expect(service.asked.length).toBeGreaterThan(0))
  late.resolve(service.page(BEN))
  expect(await opened).not.toContain(BEN)
})

test('a page that comes late still tells whose session it is', async () => {
  const { worker, service, pauses, person } = await installed()
  const late = Promise.withResolvers<Response>()
  service.instead = () => late.promise
  const handled = worker.handle(request('/mail'))
  await vi.waitFor(() => expect(pauses).toHaveLength(1))
  pauses[0]?.()
  await handled?.response
  late.resolve(service.page(BEN))
  await handled?.rest
  expect(await person.id()).toBe(BEN)
})

test('the page that the browser has asked for already is taken', async () => {
  const { worker, service } = await installed()
  service.asked.length = 0
  const handled = worker.handle(request('/mail'), Promise.resolve(service.page(ANN)))
  expect(await (await handled?.response)?.text()).toContain(ANN)
  expect(service.asked).toEqual([])
})

test('where nothing is kept, the failure is the browser’s own', async () => {
  const { worker, service } = browser()
  service.away = true
  await expect(worker.handle(request('/mail'))?.response).rejects.toThrow('Failed to fetch')
})

test('files of this build and of the one before are found here, others are asked for', async () => {
  const { caches, service } = await installed()
  service.version = 'two'
  const { worker } = browser(caches, service, 'two')
  await worker.install()
  await worker.activate()
  service.asked.length = 0
  for (const path of [...pathsOf('one'), ...pathsOf('two')]) {
    expect(await (await worker.handle(request(path, 'cors'))?.response)?.text()).toBe(path)
  }
  expect(service.asked).toEqual([])
  expect((await worker.handle(request(pathsOf('three')[0] ?? '', 'cors'))?.response)?.status).toBe(404)
})

test('a page that cannot use a file that is kept gets it from the server', async () => {
  const { worker, service } = await installed()
  const [path = ''] = pathsOf('one')
  service.asked.length = 0
  const reloaded = Object.defineProperty(request(path, 'cors'), 'cache', { value: 'reload' })
  expect((await worker.handle(reloaded)?.response)?.status).toBe(200)
  expect(service.asked.map((each) => each.path)).toEqual([path])
})

test('of older builds nothing is kept', async () => {
  const { caches, service } = await installed()
  for (const version of ['two', 'three']) {
    service.version = version
    const { worker } = browser(caches, service, version)
    await worker.install()
    await worker.activate()
  }
  expect([...caches.kept.keys()]).toEqual(['postroom-build-two', 'postroom-build-three'])
})

test('after a roll-back, too, the files of the build that tabs have are kept', async () => {
  const { caches, service } = await installed()
  for (const version of ['two', 'one', 'three']) {
    service.version = version
    const { worker } = browser(caches, service, version)
    await worker.install()
    await worker.activate()
  }
  expect([...caches.kept.keys()]).toEqual(['postroom-build-one', 'postroom-build-three'])
})

test('a service that is upgraded meanwhile leaves no build of two halves', async () => {
  const { caches, service } = browser()
  // Its files were served by a process of the old build, the page comes from one of the new build.
  const { worker } = browser(caches, service, 'one')
  service.instead = () => {
    service.version = 'two'
    return Promise.resolve(service.page(null))
  }
  await expect(worker.install()).rejects.toThrow('another build')
  expect([...caches.kept.keys()]).toEqual([])
})

test('a file that is gone, or a full disk, leaves the worker before this in its place', async () => {
  const { caches, service, open } = await installed()
  const { worker } = browser(caches, service, 'two')
  await expect(worker.install()).rejects.toThrow('is not there')
  service.version = 'two'
  caches.full = new DOMException('', 'QuotaExceededError')
  await expect(worker.install()).rejects.toThrow()
  expect([...caches.kept.keys()]).toEqual(['postroom-build-one'])
  service.away = true
  expect(await open()).toContain('start.one.js')
})

test('half a build is never shown, and is mended once a page is open', async () => {
  const { caches, service, worker, open } = await installed()
  caches.kept.get('postroom-build-one')?.delete(pathsOf('one')[1] ?? '')
  service.away = true
  await expect(open()).rejects.toThrow('Failed to fetch')
  await worker.mend()
  service.away = false
  await worker.mend()
  service.away = true
  expect(await open()).toContain('start.one.js')
})

test('storage that was emptied or is broken costs nothing on line', async () => {
  const { caches, service, worker, open } = await installed()
  caches.kept.clear()
  service.person = ANN
  expect(await open()).toContain(ANN)
  caches.broken = new Error('The storage is damaged')
  expect(await open()).toContain(ANN)
  const [path = ''] = pathsOf('one')
  expect(await (await worker.handle(request(path, 'cors'))?.response)?.text()).toBe(path)
  await worker.mend()
  await worker.activate()
})
