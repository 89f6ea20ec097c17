import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import type { KeptDraft } from '#lib/cache/cache.ts'
import { openDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ModelServer } from './model-server.ts'
import { opened, outcome, type ReplyScene } from './reply-scene.ts'
import { settled } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

/** The first request that creates a submission arrives once what is returned is called. */
function holdingTheFirst(server: ModelServer): () => void {
  let release: () => void = () => undefined
  const released = new Promise<null>((resolve) => (release = () => resolve(null)))
  server.interrupt = (_, body) => {
    if (!body.includes('EmailSubmission/set')) {
      return null
    }
    server.interrupt = () => null
    return released
  }
  return release
}

/** A lock is given only after what its last holder told the other tab has reached it. */
const lockedOnceAllIsTold = {
  request: (name: string, ...rest: unknown[]) => {
    const work = rest.pop() as () => Promise<unknown>
    const options = (rest[0] ?? {}) as LockOptions
    return navigator.locks.request(name, options, async () => {
      await settled()
      return work()
    })
  }
} as LockManager

/** What this device knows to be handed over to the mail server. */
async function handedOver(): Promise<unknown> {
  const [{ name = '' } = {}] = await indexedDB.databases()
  const database = await openDB(name)
  const draft = (await database.get('draft', 'e1')) as KeptDraft
  database.close()
  return draft.sending
}

describe('two tabs of one person', () => {
  const tabs = { channel: (name: string) => new BroadcastChannel(name) }
  const stops: (() => void)[] = []

  afterEach(() => {
    stops.splice(0).forEach((stop) => stop())
  })

  async function both(locks: LockManager | null = null): Promise<[ReplyScene, ReplyScene]> {
    const first = await opened(new ModelServer(), { ...tabs, locks })
    const second = await opened(first.server, { ...tabs, locks })
    stops.push(
      () => first.mail.stop(),
      () => second.mail.stop()
    )
    first.mail.sending.keep('e1', 'The reply')
    await first.world.pass(300)
    await vi.waitFor(() => expect(second.mail.sending.draftOf('e1')).toBe('The reply'))
    return [first, second]
  }

  test('have the same draft; what one has sent the other does not offer to send again', async () => {
    const [first, second] = await both()
    expect(await outcome(first)).toBe('sent')
    await vi.waitFor(() => expect(second.mail.sending.draftOf('e1')).toBe(''))
    expect(second.mail.sending.unsent()).toEqual([])
  })

  test('that both send it, the second while the first waits, send it once: also without TLS, where there are no locks', async () => {
    const [first, second] = await both()
    const { server } = first
    const release = holdingTheFirst(server)
    const sending = outcome(first)
    await vi.waitFor(() => expect(server.running).toBe(1))
    expect(await outcome(second)).toBe('sent')
    release()
    expect(await sending).toBe('sent')
    expect(server.submissions.size).toBe(1)
  })

  test('that both send it at the same moment send it once', async () => {
    const [first, second] = await both(lockedOnceAllIsTold)
    const sending = [first, second].map(({ mail, reply }) => {
      mail.sending.keep('e1', reply.text)
      return mail.sending.send(reply)
    })
    await Promise.all(sending)
    expect(first.server.submissions.size).toBe(1)
  })

  test('one of which types while the other hands it over: what was handed over stays known', async () => {
    const [first, second] = await both()
    const release = holdingTheFirst(first.server)
    second.mail.sending.keep('e1', 'The reply, and more')
    const sending = outcome(first)
    await vi.waitFor(() => expect(first.server.running).toBe(1))
    await second.world.pass(300)
    second.mail.stop()
    const third = await opened(first.server, tabs)
    stops.push(() => third.mail.stop())
    await vi.waitFor(() => expect(third.mail.sending.draftOf('e1')).toBe('The reply, and more'))
    expect(await handedOver()).not.toBeNull()
    release()
    await sending
  })

  test('keep what is being typed, whatever the other does', async () => {
    const [first, second] = await both()
    second.mail.sending.keep('e1', 'The reply, and more')
    expect(await outcome(first)).toBe('sent')
    expect(second.mail.sending.draftOf('e1')).toBe('The reply, and more')
  })

  test('why one could not send it is no longer said once the other has', async () => {
    const [first, second] = await both()
    second.server.interrupt = () => Response.json({ code: 'mail_server_refused' }, { status: 400 })
    expect(await outcome(second)).toMatchObject({ code: 'mail_server_refused' })
    second.server.interrupt = () => null
    expect(await outcome(first)).toBe('sent')
    await vi.waitFor(() => expect(second.mail.sending.statusOf('e1').trouble).toBeNull())
  })
})
