import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import type { Search } from '#lib/search/state/searches.ts'
import { ModelServer } from './model-server.ts'
import { failing, opened, shown, type Scene } from './scene.ts'
import { openedWith, Settings } from './settings.ts'
import { settled } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

const IN = (mailbox: string) => ({ mailboxIds: { [mailbox]: true } })

function filled(): ModelServer {
  const server = new ModelServer()
  server.deliver({ subject: 'Pulp', preview: 'about wood & <pulp>' })
  server.deliver({ subject: 'Re: pulp', ...IN('sent') })
  server.deliver({ subject: 'Win pulp', ...IN('trash') })
  server.deliver({ subject: 'Ink' })
  return server
}

async function searched(typed: string, server = filled()): Promise<Scene & { search: Search }> {
  const scene = await opened(server)
  const search = await scene.mail.search()
  search.show(typed)
  await settled()
  await scene.world.pass(100)
  return { ...scene, search }
}

test('own sent mail is found, Trash is not, and what is there is told', async () => {
  const scene = await searched('pulp')
  expect(shown(scene)).toEqual(['e2', 'e1'])
  expect(scene.search).toMatchObject({ isShown: true, onDevice: false, leavesOut: true, aside: 1 })
  scene.search.show('pulp in:anywhere')
  await settled()
  expect(shown(scene)).toEqual(['e3', 'e2', 'e1'])
  expect(scene.search).toMatchObject({ leavesOut: false, aside: null })
})

test('what the mail server marks is shown as text', async () => {
  const { search, world } = await searched('pulp')
  search.snippet('e1')
  await world.pass(100)
  expect(search.snippet('e1')?.preview).toEqual([
    { text: 'about wood & <', marked: false },
    { text: 'pulp', marked: true },
    { text: '>', marked: false }
  ])
})

test('without snippets of the mail server, the words are marked in what the row shows', async () => {
  const server = filled()
  server.interrupt = failing('SearchSnippet/get', server)
  const { search, world } = await searched('subject:PULP', server)
  search.snippet('e2')
  await world.pass(100)
  expect(search.snippet('e2')?.subject).toEqual([
    { text: 'Re: ', marked: false },
    { text: 'pulp', marked: true }
  ])
})

test('offline, what this device has is found at once', async () => {
  const server = filled()
  const scene = await opened(server)
  await scene.world.pass(1_000)
  server.interrupt = () => Promise.reject(new TypeError('no network'))
  const search = await scene.mail.search()
  search.show('wood')
  await settled()
  expect(shown(scene)).toEqual(['e1'])
  expect(search.onDevice).toBe(true)
  search.show('nothing of the kind')
  await settled()
  await settled()
  expect([scene.mail.list?.total, scene.mail.list?.trouble === null]).toEqual([0, false])
})

test('hits of this device stay until the mail server answers, which decides', async () => {
  const server = filled()
  const scene = await opened(server)
  await scene.world.pass(1_000)
  let release = (): void => undefined
  const waiting = new Promise<void>((resolve) => (release = resolve))
  server.interrupt = async () => (await waiting, null)
  const search = await scene.mail.search()
  search.show('pulp')
  await settled()
  expect([shown(scene), search.onDevice]).toEqual([['e1'], true])
  release()
  await settled()
  expect([shown(scene), search.onDevice]).toEqual([['e2', 'e1'], false])
})

test('what another search left in Trash is not told of this one, however late the mail server answers', async () => {
  const server = filled()
  const scene = await opened(server)
  const search = await scene.mail.search()
  let release = (): void => undefined
  const waiting = new Promise<void>((resolve) => (release = resolve))
  server.interrupt = async (_, body) => (body.includes('pulp') && (await waiting), null)
  search.show('pulp')
  await settled()
  search.show('ink')
  await settled()
  release()
  await settled()
  await settled()
  expect([search.query, search.aside]).toEqual(['ink', 0])
})

test('nothing is asked before it is known which mailboxes are Spam and Trash', async () => {
  const server = filled()
  server.interrupt = () => Promise.reject(new TypeError('no network'))
  const scene = await opened(server)
  const search = await scene.mail.search()
  search.show('pulp')
  await settled()
  expect(search.isShown).toBe(false)
  server.interrupt = () => null
  scene.mail.connection.tryNow()
  await settled()
  await settled()
  expect([search.isShown, shown(scene)]).toEqual([true, ['e2', 'e1']])
})

test('for file names the mail server is not asked', async () => {
  const server = filled()
  const scene = await opened(server)
  const before = server.requests.length
  const search = await scene.mail.search()
  search.show('filename:pdf')
  await settled()
  expect(search).toMatchObject({ scope: 'device', isShown: true })
  expect(scene.mail.list?.total).toBe(0)
  expect(server.requests.slice(before).flat()).not.toContain('Email/query')
})

test('a folder that is made later is understood from then on', async () => {
  const server = filled()
  const { search, mail } = await searched('in:Papier', server)
  expect(search.problems).toHaveLength(1)
  const create = ['Mailbox/set', { create: { n: { name: 'Papier', parentId: null } } }, '0']
  server.respond('/jmap/', JSON.stringify({ methodCalls: [create] }))
  mail.connection.tryNow()
  await settled()
  expect(search.problems).toEqual([])
  expect(mail.list?.total).toBe(0)
})

test('new mail that matches appears', async () => {
  const { server, ...scene } = await searched('pulp')
  server.deliver({ subject: 'more pulp' })
  scene.mail.connection.tryNow()
  await settled()
  expect(shown({ server, ...scene })).toEqual(['e5', 'e2', 'e1'])
})

test('saved searches are kept with the settings, get other names, and are removed', async () => {
  const settings = new Settings()
  settings.document = { other: 1 }
  const mail = await openedWith(settings)
  const search = await mail.search()
  await search.save('Paper', 'pulp')
  await search.save('Wood', 'pulp')
  expect(mail.savedSearches).toEqual([{ name: 'Wood', query: 'pulp' }])
  expect(settings.document).toEqual({ other: 1, searches: { saved: [{ name: 'Wood', query: 'pulp' }] } })
  expect((await openedWith(settings)).savedSearches).toHaveLength(1)
  await search.remove('pulp')
  expect(mail.savedSearches).toEqual([])
})

test('a search that cannot be saved is not shown as saved', async () => {
  const mail = await openedWith(null)
  const search = await mail.search()
  await expect(search.save('Paper', 'pulp')).rejects.toMatchObject({ code: expect.any(String) as string })
  expect(mail.savedSearches).toEqual([])
})

test('what is saved while another search is still being saved stays, also if that one fails', async () => {
  const settings = new Settings()
  const mail = await openedWith(settings)
  const search = await mail.search()
  const late = Promise.withResolvers<Response>()
  const respond = settings.respond.bind(settings)
  settings.respond = () => late.promise
  const first = search.save('Paper', 'pulp')
  settings.respond = respond
  const ink = { name: 'Ink', query: 'ink' }
  await search.save(ink.name, ink.query)
  expect(mail.savedSearches).toContainEqual({ name: 'Paper', query: 'pulp' })
  late.resolve(Response.json({ code: 'unavailable' }, { status: 503 }))
  await expect(first).rejects.toBeDefined()
  expect(mail.savedSearches).toEqual([ink])
})

test('the last searches are kept on this device, the last one first', async () => {
  const scene = await opened(filled())
  const search = await scene.mail.search()
  for (const typed of ['a', 'b', 'a']) search.remember(typed)
  await settled()
  const { recent, people, folders } = await search.known()
  expect(recent).toEqual(['a', 'b'])
  expect(people).toEqual([{ name: 'Ann', address: 'ann@example.net' }])
  expect(folders).toEqual(['inbox', 'drafts', 'sent', 'trash', 'anywhere'])
  const again = await opened(filled())
  expect((await (await again.mail.search()).known()).recent).toEqual(['a', 'b'])
})
