/** A message is sent, or undone, while one write of this device takes far too long. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { expect, test } from 'vitest'
import type { KeptDrafts } from '#lib/writing/device/drafts.ts'
import { browser, pass, received, tab, within, type Browser, type SendingTab } from './sending-scene.ts'

type Ending = 'late' | 'never'

/** The write of this number comes to its end after 20 s, or fails after that. */
function slow(scene: Browser, { drafts, session }: SendingTab, number: number, ending: Ending): { count: number } {
  const store = drafts.device.store as KeptDrafts
  const change = store.change.bind(store)
  const writes = { count: 0 }
  let before = Promise.resolve()
  // Transactions of one store come one after the other.
  const write = async (isIt: boolean, of: Parameters<typeof change>): Promise<void> => {
    if (isIt) await new Promise<void>((resolve) => session.ports.after(20_000, resolve))
    if (isIt && ending === 'never') throw new DOMException('damaged', 'UnknownError')
    await change(...of)
  }
  Object.assign(store, {
    change: (...of: Parameters<typeof change>) => {
      const isIt = writes.count++ === number
      const done = before.then(() => write(isIt, of))
      before = done.catch(() => undefined)
      return done
    }
  })
  return writes
}

async function life(number: number, ending: Ending, isUndone: boolean): Promise<{ scene: Browser; writes: number }> {
  globalThis.indexedDB = new IDBFactory()
  const scene = browser()
  scene.server.now = () => scene.world.time
  const one = await tab(scene)
  const writes = slow(scene, one, number, ending)
  const id = await one.write()
  await pass(scene, 4_000)
  void one.sendings.send(id)
  await pass(scene, 3_000)
  if (isUndone) one.sendings.undo(id).catch(() => undefined)
  await pass(scene, 90_000, 5_000)
  one.kill()
  // What this device kept is what the next tab begins with.
  const next = await tab(scene)
  await pass(scene, 90_000, 10_000)
  for (const { id: left, sending } of next.drafts.all()) {
    if (sending?.step === 'unknown') await next.sendings.sendAgain(left)
    else if (!sending && !isUndone) await next.sendings.send(left)
  }
  await pass(scene, 90_000, 10_000)
  const facts = { mails: received(scene), sent: within(scene, 'sent'), drafts: within(scene, 'drafts') }
  const kept = next.drafts.all().length
  const message = JSON.stringify({ number, ending, isUndone, ...facts, kept, told: [...one.told, ...next.told] })
  next.kill()
  expect(facts.mails.length, message).toBeLessThan(2)
  expect(facts.sent, message).toEqual(facts.mails)
  expect(facts.mails.length === 1 ? facts.drafts.length + kept : Number(facts.drafts.length + kept > 0), message).toBe(
    facts.mails.length === 1 ? 0 : 1
  )
  expect(isUndone || facts.mails.length === 1, message).toBe(true)
  return { scene, writes: writes.count }
}

test.each([
  ['late', false],
  ['late', true],
  ['never', false],
  ['never', true]
] as const)('one mail, or a draft: a write comes %s, and the message is undone: %s', async (ending, isUndone) => {
  const { writes } = await life(-1, ending, isUndone)
  for (let number = 0; number < writes; number += 1) {
    await life(number, ending, isUndone)
  }
})
