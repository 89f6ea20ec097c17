import { create as following } from '#lib/settings/state/following.svelte.ts'
import { choicesOf } from '#lib/settings/domain/preferences.ts'
import type { MailState } from '#lib/state/create-mail.svelte.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { ModelServer } from './model-server.ts'
import { openedWith, Settings } from './settings.ts'
import { settled, World } from './world.ts'

interface Scene {
  mail: MailState
  world: World
  settings: Settings
  /** Another device chose a theme. */
  chooses: (theme: string) => void
  /** The service tells that the settings were stored. */
  tell: () => Promise<void>
  reads: () => number
}

async function opened(): Promise<Scene> {
  const [server, world, settings] = [new ModelServer(), new World(), new Settings()]
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  server.interrupt = (path) => (path === '/api/live' ? new Response(readable) : null)
  let reads = 0
  const respond = settings.respond.bind(settings)
  settings.respond = (init) => {
    reads += init?.method === 'PUT' ? 0 : 1
    return respond(init)
  }
  const mail = await openedWith(settings, world, server)
  mail.part(following)
  const say = async (type: string, data: object = {}): Promise<void> => {
    await writer.write(new TextEncoder().encode(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`))
    await settled()
  }
  await say('hello')
  reads = 0
  let at = world.time
  const chooses = (theme: string): void => {
    settings.document = { preferences: { theme: [theme, (at += 1_000)] } }
  }
  return {
    mail,
    world,
    settings,
    chooses,
    tell: () => say('settings', { data: { etag: settings.tag } }),
    reads: () => reads
  }
}

test('what another device chose is there as soon as the service tells', async () => {
  const { mail, chooses, tell } = await opened()
  chooses('dark')
  await tell()
  expect(mail.preferences.chosen.theme).toBe('dark')
})

test('what this tab stored itself is not read again', async () => {
  const { mail, settings, tell, reads } = await opened()
  mail.preferences.set({ theme: 'dark' })
  await settled()
  expect(choicesOf((settings.document as { preferences: unknown }).preferences)).toHaveProperty('theme')
  const before = reads()
  await tell()
  expect(reads()).toBe(before)
})

test('a hidden tab reads them when it is shown', async () => {
  const { mail, world, chooses, tell, reads } = await opened()
  world.hide()
  chooses('dark')
  await tell()
  expect([reads(), mail.preferences.chosen.theme]).toEqual([0, 'system'])
  world.return()
  await settled()
  expect(mail.preferences.chosen.theme).toBe('dark')
})

test('however many events come, they are read once more', async () => {
  const { settings, chooses, tell, reads, mail } = await opened()
  const respond = settings.respond.bind(settings)
  let release = (): void => undefined
  const waiting = new Promise<void>((resolve) => (release = resolve))
  settings.respond = async (init) => {
    const response = await respond(init)
    await waiting
    return response
  }
  for (let at = 0; at < 50; at += 1) {
    chooses(at === 49 ? 'dark' : 'light')
    await tell()
  }
  release()
  await settled()
  expect([reads(), mail.preferences.chosen.theme]).toEqual([2, 'dark'])
})

/** What this device kept when it was used last, and what its owner chose then. */
function keptOf(owner: string): Map<string, string> {
  const items = new Map([
    ['postroom-preferences-of', JSON.stringify(owner)],
    ['postroom-preferences', JSON.stringify({ theme: ['dark', 5] })]
  ])
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value)
  })
  return items
}

/** The page of settings is drawn before it is known who is signed in. */
function openedEarly(settings: Settings): Promise<MailState> {
  return openedWith(settings, new World(), new ModelServer(), (mail) => mail.part(following).reread())
}

afterEach(() => vi.unstubAllGlobals())

test('a choice that the service does not know yet survives a page of settings that is drawn before the person is known', async () => {
  const items = keptOf('me@example.org')
  const settings = new Settings()
  const mail = await openedEarly(settings)
  expect(mail.preferences.chosen.theme).toBe('dark')
  expect(items.get('postroom-preferences')).toContain('dark')
  expect(settings.document).toEqual({ preferences: { theme: ['dark', 5] } })
})

test('before the person is known, nobody is told what somebody else chose at this device', async () => {
  const items = keptOf('bert@example.org')
  const settings = new Settings()
  const mail = await openedEarly(settings)
  expect(mail.preferences.chosen.theme).toBe('system')
  expect(items.get('postroom-preferences')).not.toContain('dark')
  expect(settings.document).toEqual({})
})
