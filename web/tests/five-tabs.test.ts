import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { NotificationLevel } from '#lib/state/mail.ts'
import { Mail } from '#lib/state/mail.svelte.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

/** The database, the locks and the channels of Node stand for those that the tabs of a browser share. */
const TABS = { locks: navigator.locks, channel: (name: string) => new BroadcastChannel(name) }
let scene = 0

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  scene += 1
})

interface Tab {
  mail: Mail
  world: World
  told: (readonly (string | undefined)[])[]
}

const open: Tab[] = []
afterEach(() => open.splice(0).forEach(({ mail }) => mail.stop()))

interface Browser {
  server: ModelServer
  streams: { say: (type: string) => Promise<void> }[]
  tab: () => Promise<Tab>
}

function browser(): Browser {
  const server = new ModelServer()
  server.username = `ann${scene}@example.org`
  const streams: Browser['streams'] = []
  server.interrupt = (path) => {
    if (path !== '/api/live') return null
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    streams.push({
      say: (type) => writer.write(new TextEncoder().encode(`event: ${type}\ndata: {}\n\n`)).catch(() => undefined)
    })
    return new Response(readable)
  }
  const tab = async (): Promise<Tab> => {
    const world = new World()
    const mail = new Mail(world.ports(server.fetch, TABS))
    const made: Tab = { mail, world, told: [] }
    mail.newMail.listen((news) => made.told.push(news.map(({ subject }) => subject)))
    mail.show(null)
    open.push(made)
    await vi.waitFor(() => expect(mail.list?.freshness).toBe('current'))
    return made
  }
  return { server, streams, tab }
}

async function five(): Promise<Browser & { tabs: Tab[] }> {
  const made = browser()
  const tabs: Tab[] = []
  for (let number = 0; number < 5; number += 1) tabs.push(await made.tab())
  await vi.waitFor(() => expect(made.streams).toHaveLength(1))
  await made.streams[0]?.say('hello')
  await vi.waitFor(() => expect(tabs.every(({ mail }) => mail.connection.live === 'live')).toBe(true))
  await settled()
  return { ...made, tabs }
}

async function arrives({ server, streams }: Browser, subject: string): Promise<void> {
  server.deliver({ subject, receivedAt: '2026-11-26T12:00:00Z' })
  await streams.at(-1)?.say('mail')
  await settled()
}

function hide(tabs: readonly Tab[]): void {
  tabs.forEach(({ world }) => world.hide())
}

describe('five tabs', () => {
  test('have one connection, show new mail and agree about its number', async () => {
    const all = await five()
    await arrives(all, 'New')
    await vi.waitFor(() => expect(all.tabs.map(({ mail }) => mail.list?.row(0)?.subject)).toEqual(Array(5).fill('New')))
    expect(all.tabs.map(({ mail }) => mail.unread)).toEqual([1, 1, 1, 1, 1])
  })

  test('agree about the number while all are hidden, though one asks the mail server', async () => {
    const all = await five()
    hide(all.tabs)
    all.server.requests.length = 0
    await arrives(all, 'New')
    await vi.waitFor(() => expect(all.tabs.map(({ mail }) => mail.unread)).toEqual([1, 1, 1, 1, 1]))
    expect(all.server.requests).toHaveLength(1)
  })

  test('ask when they are shown again, but for the one that asks for all', async () => {
    const all = await five()
    hide(all.tabs)
    all.server.requests.length = 0
    await arrives(all, 'New')
    await Promise.all(all.tabs.slice(1).map(({ world }) => world.pass(3_600_000)))
    expect(all.server.requests).toHaveLength(1)
    expect(all.tabs[4]?.mail.list?.total).toBe(0)
    all.tabs[4]?.world.return()
    await vi.waitFor(() => expect(all.tabs[4]?.mail.list?.row(0)?.subject).toBe('New'))
  })

  test('hear new mail after the leading one is closed; what came meanwhile is not missed', async () => {
    const all = await five()
    all.tabs[0]?.mail.stop()
    all.server.deliver({ subject: 'Meanwhile' })
    await vi.waitFor(() => expect(all.streams).toHaveLength(2))
    await all.streams[1]?.say('hello')
    const others = all.tabs.slice(1)
    const first = (): (string | undefined)[] => others.map(({ mail }) => mail.list?.row(0)?.subject)
    await vi.waitFor(() => expect(first()).toEqual(Array(4).fill('Meanwhile')))
    await arrives(all, 'New')
    await vi.waitFor(() => expect(first()).toEqual(Array(4).fill('New')))
  })
})

describe('a person who sees no tab', () => {
  async function hidden(level: NotificationLevel = 'what'): Promise<Browser & { tabs: Tab[] }> {
    const all = await five()
    await all.tabs[3]?.mail.newMail.keep(level)
    hide(all.tabs)
    await settled()
    return all
  }

  const told = (tabs: readonly Tab[]): unknown[] => tabs.flatMap((tab) => tab.told)

  test('is told of new mail once, if they want it on this device', async () => {
    const all = await hidden()
    await arrives(all, 'New')
    await vi.waitFor(() => expect(told(all.tabs)).toEqual([['New']]))
  })

  test('is told of an answer though a copy of what they wrote themselves came with it', async () => {
    const all = await hidden()
    const { server, streams } = all
    const same = { threadId: 't', receivedAt: '2026-11-26T12:00:00Z' }
    server.deliver({ ...same, subject: 'Answer' })
    server.deliver({ ...same, subject: 'Copy', from: [{ name: null, email: server.username }] })
    await streams.at(-1)?.say('mail')
    await vi.waitFor(() => expect(told(all.tabs)).toEqual([['Answer']]))
  })

  test('is not told otherwise', async () => {
    const all = await hidden('none')
    await arrives(all, 'New')
    await vi.waitFor(() => expect(all.tabs.map(({ mail }) => mail.unread)).toEqual([1, 1, 1, 1, 1]))
    expect(told(all.tabs)).toEqual([])
  })

  test('is told nothing while one of the tabs is seen', async () => {
    const all = await hidden()
    all.tabs[2]?.world.return()
    await settled()
    await arrives(all, 'New')
    await vi.waitFor(() => expect(all.tabs[2]?.mail.list?.row(0)?.subject).toBe('New'))
    await settled()
    expect(told(all.tabs)).toEqual([])
  })

  test('is told nothing of mail that is read, spam, older than a day, elsewhere or their own', async () => {
    const all = await hidden()
    const now = '2026-11-26T12:00:00Z'
    all.server.deliver({ receivedAt: now, keywords: { $seen: true } })
    all.server.deliver({ receivedAt: now, keywords: { $junk: true } })
    all.server.deliver({ receivedAt: now, mailboxIds: { sent: true } })
    all.server.deliver({ receivedAt: '2026-11-24T12:00:00Z' })
    all.server.deliver({ receivedAt: now, from: [{ name: null, email: all.server.username }] })
    await arrives(all, 'New')
    await vi.waitFor(() => expect(told(all.tabs)).toEqual([['New']]))
  })

  test('is told nothing twice when another tab leads', async () => {
    const all = await hidden()
    await arrives(all, 'New')
    await vi.waitFor(() => expect(told(all.tabs)).toEqual([['New']]))
    all.tabs[0]?.mail.stop()
    await vi.waitFor(() => expect(all.streams).toHaveLength(2))
    await all.streams[1]?.say('hello')
    await settled()
    await arrives(all, 'Another')
    await vi.waitFor(() => expect(told(all.tabs)).toEqual([['New'], ['Another']]))
  })
})

test('whether notifications are shown is kept for this device and this person, and gone after a logout', async () => {
  const made = browser()
  const { mail } = await made.tab()
  expect(await mail.newMail.level()).toBe('none')
  await mail.newMail.keep('that')
  expect(await (await made.tab()).mail.newMail.level()).toBe('that')
  open.splice(0).forEach((tab) => tab.mail.stop())
  made.server.username = `bob${scene}@example.org`
  expect(await (await made.tab()).mail.newMail.level()).toBe('none')
})
