/** Tabs of one browser, and what the tests of the outbox do with them. */
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach } from 'vitest'
import type { Email } from '#lib/jmap/types.ts'
import { ModelServer } from './model-server.ts'
import { deliver, opened, type Scene } from './scene.ts'

const TABS = { locks: navigator.locks, channel: (name: string) => new BroadcastChannel(name) }
const open: Scene[] = []

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  open.splice(0).forEach(({ mail }) => mail.stop())
})

export async function tab(server: ModelServer, mailbox: string | null = null): Promise<Scene> {
  const scene = await opened(server, mailbox, TABS)
  open.push(scene)
  return scene
}

export async function filled(count: number): Promise<Scene> {
  const server = new ModelServer()
  deliver(server, count)
  return tab(server)
}

/** The tab is gone, with all that it had in memory; what it asked for still reaches the server. */
export function kill(scene: Scene): void {
  open.splice(open.indexOf(scene), 1)
  scene.mail.stop()
}

export function offline(server: ModelServer): void {
  server.interrupt = () => {
    throw new TypeError('offline')
  }
}

export function online({ server, mail }: Scene): void {
  server.interrupt = () => null
  mail.connection.tryNow()
}

export function of({ server }: Pick<Scene, 'server'>, id: string): Pick<Email, 'mailboxIds' | 'keywords'> {
  const { mailboxIds = {}, keywords = {} } = server.emails.get(id) ?? {}
  return { mailboxIds, keywords }
}

export function sets({ server }: Pick<Scene, 'server'>, name = 'Email/set'): number {
  return server.requests.flat().filter((method) => method === name).length
}
