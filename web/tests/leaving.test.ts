import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import { Mail } from '#lib/state/mail.svelte.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

/** A channel that tells whether it was closed. */
class Channel extends EventTarget {
  closed = false
  postMessage(): void {}
  close(): void {
    this.closed = true
  }
}

/** A world with its channels. */
function heard(): { world: World; channels: Channel[]; channel: () => BroadcastChannel } {
  const channels: Channel[] = []
  const channel = (): BroadcastChannel => {
    const made = new Channel()
    channels.push(made)
    return made as never
  }
  return { world: new World(), channels, channel }
}

test.each([
  ['while it reads what this device keeps', 0],
  ['once it is there', 60]
])('a page that is left %s leaves no channel behind', async (_, turns) => {
  const { world, channels, channel } = heard()
  const mail = new Mail(world.ports(new ModelServer().fetch, { channel, locks: navigator.locks }))
  mail.show(null)
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  mail.stop()
  await settled()
  await world.pass(10_000)
  expect(channels.filter(({ closed }) => !closed)).toEqual([])
})

test('writing that still loads when the page is left begins nothing, and fails at nothing', async () => {
  const { world, channels, channel } = heard()
  const mail = new Mail(world.ports(new ModelServer().fetch, { channel, locks: navigator.locks }))
  mail.show(null)
  await settled()
  mail.stop()
  await settled()
  await mail.compose()
  expect(world.mistakes).toEqual([])
  expect(channels.filter(({ closed }) => !closed)).toEqual([])
})
