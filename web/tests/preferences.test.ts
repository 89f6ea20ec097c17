/** What a person chooses, on several devices that lose the network, responses, and races for the document. */
import { expect, test } from 'vitest'
import { DeviceStorage } from '#lib/state/device-storage.ts'
import { Preferences } from '#lib/settings/state/preferences.svelte.ts'
import { PreferenceSync } from '#lib/settings/sync/preferences.ts'
import { SettingsDocument } from '#lib/sync/settings.ts'
import type { Chosen } from '#lib/settings/domain/preferences.ts'
import { OFFERED } from '#lib/settings/domain/preferences.ts'
import { hasMore, merged } from '#lib/settings/domain/preference-merge.ts'
import { randomFrom } from './random.ts'
import { Settings } from './settings.ts'
import { settled, World } from './world.ts'

type Fault = 'none' | 'offline' | 'request lost' | 'response lost'

class TestDevice {
  readonly world = new World()
  readonly preferences: Preferences
  readonly sync: PreferenceSync
  readonly document: SettingsDocument
  fault: () => Fault = () => 'none'

  constructor(service: Settings, now: () => number) {
    const items = new Map<string, string>()
    const storage = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value)
    } as unknown as Storage
    this.preferences = new Preferences(new DeviceStorage(() => storage), now)
    const fetch = (_: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      const fault = this.fault()
      if (fault === 'offline' || fault === 'request lost') return Promise.reject(new TypeError(fault))
      const response = service.respond(init)
      return fault === 'response lost' ? Promise.reject(new TypeError(fault)) : Promise.resolve(response)
    }
    const ports = this.world.ports(fetch)
    this.document = new SettingsDocument(ports)
    this.sync = new PreferenceSync(ports, this.document, this.preferences, () => undefined)
    this.preferences.onchosen = () => this.sync.tell()
  }

  /** As a page does when it starts, and when its person comes back. */
  async reread(): Promise<void> {
    const settings = await this.document.read().catch(() => null)
    if (settings) this.sync.take(settings)
  }
}

const NAMES = Object.keys(OFFERED) as (keyof Chosen)[]

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'two or three devices agree in the end, and each preference is as it was chosen last (seed %i)',
  async (seed) => {
    const random = randomFrom(seed)
    const any = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
    let time = 1_000
    const service = new Settings()
    service.document = { labels: [{ keyword: 'work' }], pictures: { senders: ['a@b.example'] } }
    const devices = Array.from({ length: 2 + (seed % 2) }, () => new TestDevice(service, () => time))
    const last: Record<string, unknown> = {}
    for (const device of devices) {
      device.fault = () => any<Fault>(['none', 'none', 'offline', 'request lost', 'response lost'])
    }
    for (let step = 0; step < 40; step += 1) {
      time += 1
      const device = any(devices)
      if (random() < 0.6) {
        const name = any(NAMES)
        const value = any<unknown>(OFFERED[name])
        last[name] = value
        device.preferences.set({ [name]: value })
      }
      if (random() < 0.3) void device.reread()
      if (random() < 0.5) service.meanwhile = () => (service.document = { ...(service.document as object), step })
      if (random() < 0.5) await device.world.pass(random() * 20_000)
    }
    for (const device of devices) device.fault = () => 'none'
    for (let round = 0; round < 2; round += 1) {
      for (const device of devices) {
        await device.reread()
        await device.world.pass(120_000)
      }
    }
    for (const device of devices) {
      expect(device.preferences.chosen).toMatchObject(last)
      expect(device.preferences.choices).toEqual(devices[0]?.preferences.choices)
      expect(device.sync.waits).toBe(false)
      expect(device.world.mistakes).toEqual([])
    }
    expect(service.document).toMatchObject({
      labels: [{ keyword: 'work' }],
      pictures: { senders: ['a@b.example'] }
    })
  }
)

test('a change while offline waits on the device, and is told once the person is back', async () => {
  const service = new Settings()
  const device = new TestDevice(service, () => 5)
  await device.reread()
  device.fault = () => 'offline'
  device.preferences.set({ density: 'compact' })
  await settled()
  expect([device.sync.waits, service.document]).toEqual([true, {}])
  device.fault = () => 'none'
  await device.reread()
  await device.world.pass(1_000)
  expect([device.sync.waits, service.document]).toEqual([false, { preferences: { density: ['compact', 5] } }])
})

test('a device that has not read yet takes no choice from one that is gone', async () => {
  const service = new Settings()
  const [gone, stays] = [new TestDevice(service, () => 5), new TestDevice(service, () => 6)]
  gone.preferences.set({ theme: 'dark' })
  await settled()
  stays.preferences.set({ density: 'compact' })
  await settled()
  expect(service.document).toEqual({ preferences: { theme: ['dark', 5], density: ['compact', 6] } })
})

test('nothing is written if the service knows all', async () => {
  const service = new Settings()
  const device = new TestDevice(service, () => 5)
  device.preferences.set({ density: 'compact' })
  await settled()
  const before = service.document
  device.sync.tell()
  await settled()
  expect(service.document).toBe(before)
})

test('a document that is full keeps the choice on this device, and says why', async () => {
  const service = new Settings()
  const device = new TestDevice(service, () => 5)
  const respond = service.respond.bind(service)
  service.respond = (init) =>
    init?.method === 'PUT' ? Response.json({ code: 'too_large' }, { status: 413 }) : respond(init)
  device.preferences.set({ theme: 'dark' })
  await device.world.pass(10_000)
  expect([device.preferences.chosen.theme, device.sync.waits]).toEqual(['dark', true])
  expect(device.sync.trouble?.code).toBe('too_large')
})

test('merging is the same in any order, also for choices of the same moment', () => {
  const [one, other] = [{ theme: ['dark', 7] as const }, { theme: ['light', 7] as const, pane: [false, 3] as const }]
  expect(merged(one, other)).toEqual(merged(other, one))
  expect([hasMore(merged(one, other), one), hasMore(one, merged(one, other))]).toEqual([true, false])
})
