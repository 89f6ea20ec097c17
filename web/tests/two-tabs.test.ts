import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ModelServer } from './model-server.ts'
import { opened, outcome, type ReplyScene } from './reply-scene.ts'

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

describe('two tabs of one person', () => {
  const tabs = { channel: (name: string) => new BroadcastChannel(name) }
  const stops: (() => void)[] = []

  afterEach(() => {
    stops.splice(0).forEach((stop) => stop())
  })

  async function both(): Promise<[ReplyScene, ReplyScene]> {
    const first = await opened(new ModelServer(), tabs)
    const second = await opened(first.server, tabs)
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

  test('that both send it, the second while the first waits for a response, send it once', async () => {
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
