import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { expect, test } from 'vitest'
import { Scheduled } from '#lib/writing/sync/scheduled.ts'
import { browser, pass, received, tab, within, type Browser, type SendingTab } from './sending-scene.ts'

/** A tab that is gone before or after its request, or write, of this number. */
async function mortal(scene: Browser, left: number): Promise<{ one: SendingTab; steps: () => number }> {
  const state = { left, steps: 0, isDead: false }
  const one = await tab(scene)
  const step = async (): Promise<void> => {
    state.steps += 1
    state.left -= 1
    if (state.left < 0 && !state.isDead) {
      state.isDead = true
      one.kill()
    }
    await (state.isDead && new Promise<never>(() => undefined))
  }
  const { store } = one.drafts
  const { fetch } = one.session.ports
  if (!store) throw new Error('nothing is kept')
  const change = store.change.bind(store)
  Object.assign(store, {
    change: async (...args: Parameters<typeof change>) => {
      await step()
      await change(...args)
      await step()
    }
  })
  Object.assign(one.session.ports, {
    fetch: async (...args: Parameters<typeof fetch>) => {
      const isOfMessage = typeof args[1]?.body === 'string' && args[1].body.includes('/set')
      await (isOfMessage && step())
      const response = await fetch(...args)
      await (isOfMessage && step())
      return response
    }
  })
  return { one, steps: () => state.steps }
}

const WORDS = ['Dear Ann, one', 'Dear Ann, two']

async function live(scene: Browser, one: SendingTab): Promise<void> {
  const id = await one.write({ text: 'Dear Ann' })
  await pass(scene, 4_000)
  for (const text of WORDS) {
    const kept = one.drafts.get(id)
    if (!kept || kept.sending) return
    one.drafts.type(id, { ...kept.draft, text })
    one.storing.storeSoon(id)
    await one.sendings.send(id)
    await pass(scene, 3_000)
    if (text === WORDS[0]) {
      const undone = one.sendings.undo(id).catch(() => false)
      await pass(scene, 3_000)
      await Promise.race([undone, Promise.resolve()])
    }
  }
  await pass(scene, 15_000)
}

async function run(left: number): Promise<{ steps: number; facts: Record<string, unknown> }> {
  globalThis.indexedDB = new IDBFactory()
  const scene = browser()
  const { one, steps } = await mortal(scene, left)
  await Promise.race([live(scene, one), pass(scene, 40_000)])
  const next = await tab(scene)
  await pass(scene, 60_000, 5_000)
  const texts = [...scene.server.emails.values()].map(({ bodyValues }) => bodyValues?.['text']?.value ?? '')
  const facts = {
    mails: received(scene),
    drafts: within(scene, 'drafts').length,
    sent: within(scene, 'sent').length,
    kept: next.drafts.all().map(({ draft, sending }) => [draft.text, sending?.step ?? null]),
    told: [...one.told, ...next.told],
    texts,
    mistakes: scene.world.mistakes
  }
  one.kill()
  next.kill()
  return { steps: steps(), facts }
}

test('a tab that is gone at any step of sending, undoing and sending leaves one mail, or none and all words', async () => {
  const whole = await run(Infinity)
  expect(whole.facts).toMatchObject({ mails: ['Pallets'], drafts: 0, sent: 1, kept: [], texts: [WORDS[1]] })
  for (let left = 0; left < whole.steps; left += 1) {
    const { facts } = await run(left)
    const { mails, drafts, sent, kept, texts } = facts as {
      mails: string[]
      drafts: number
      sent: number
      kept: [string, string | null][]
      texts: string[]
    }
    const isUnknown = kept.some(([, step]) => step === 'unknown')
    const where = { left, ...facts }
    expect(mails.length, JSON.stringify(where)).toBeLessThan(2)
    expect(drafts, JSON.stringify(where)).toBeLessThan(2)
    if (mails.length === 1 && !isUnknown) {
      expect([drafts, sent, kept], JSON.stringify(where)).toEqual([0, 1, []])
    } else if (!isUnknown) {
      expect([sent, [...texts, ...kept].length > 0 || left < 2], JSON.stringify(where)).toEqual([0, true])
    }
  }
})

test('a message that leaves later is listed after its tab was gone at any step, however early the list was asked for', async () => {
  let steps = Infinity
  for (let left = 0; left < steps; left += 1) {
    globalThis.indexedDB = new IDBFactory()
    const scene = browser()
    const { one, steps: taken } = await mortal(scene, left)
    const at = new Date(scene.world.time + 3_600_000)
    const sent = one.write().then((id) => one.sendings.send(id, { at }))
    await Promise.race([sent, pass(scene, 10_000)])
    await pass(scene, 10_000)
    if (taken() < left) steps = left
    one.kill()
    const asked: Scheduled[] = []
    const next = await tab(scene, true, (session) => asked.push(new Scheduled(session)))
    await pass(scene, 60_000, 5_000)
    const pending = [...scene.server.sending.records.values()].filter(
      ({ undoStatus }) => undoStatus === 'pending'
    ).length
    const held = asked.flatMap((scheduled) => scheduled.held ?? [])
    expect(held.length, `gone at step ${left}`).toBe(pending)
    asked.forEach((scheduled) => scheduled.stop())
    next.kill()
  }
})
