import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import { failing } from './scene.ts'
import { browser, pass, received, tab, within, type Browser } from './sending-scene.ts'

const DAY = 86_400_000

/** Another device undoes what this server holds. */
function undoneElsewhere({ server }: Browser): void {
  const [record] = [...server.sending.records.values()]
  const update = { [record?.id ?? '']: { undoStatus: 'canceled' } }
  server.respond('/jmap/', JSON.stringify({ methodCalls: [['EmailSubmission/set', { update }, 'cancel']] }))
  server.update(record?.emailId ?? '', { mailboxIds: { drafts: true }, keywords: { $draft: true, $seen: true } })
}

test('what another device took back is back, when it is undone here as well', async () => {
  const scene = browser()
  const one = await tab(scene)
  const id = await one.write()
  await one.sendings.send(id, { at: new Date(scene.world.time + DAY) })
  await pass(scene, 5_000)
  undoneElsewhere(scene)
  const undone = one.sendings.undo(id)
  await pass(scene, 5_000)
  expect([await undone, within(scene, 'drafts'), within(scene, 'sent')]).toEqual([true, ['Pallets'], []])
  await pass(scene, 2 * DAY, 3_600_000)
  expect([received(scene), one.told]).toEqual([[], []])
})

describe.each([
  ['the mail server holds', 2_592_000],
  ['this tab holds', 0]
])('a message that %s', (_, most) => {
  test('leaves, and is told so, though the clock of this device was set back by a day', async () => {
    const scene = browser()
    scene.server.sending.maxDelayedSend = most
    const one = await tab(scene)
    await one.sendings.send(await one.write())
    await pass(scene, 3_000)
    Object.assign(one.session.ports, { now: () => scene.world.time - DAY })
    await pass(scene, 120_000)
    expect([received(scene), one.told, one.sendings.outgoing]).toEqual([['Pallets'], ['sent Pallets'], []])
  })

  test('leaves once after a device slept for a day', async () => {
    const scene = browser()
    scene.server.sending.maxDelayedSend = most
    const one = await tab(scene)
    await one.sendings.send(await one.write())
    await pass(scene, 3_000)
    scene.world.time += DAY
    await pass(scene, 60_000)
    expect([received(scene), one.told]).toEqual([['Pallets'], ['sent Pallets']])
  })
})

test('what left from a server that keeps no record of it, and that did not file it, lies in Sent', async () => {
  const scene = browser()
  const { sending } = scene.server
  sending.maxDelayedSend = 0
  Object.assign(sending, { query: () => [] })
  const one = await tab(scene)
  await one.sendings.send(await one.write())
  sending.failsToFile = true
  await pass(scene, 60_000)
  expect([received(scene), within(scene, 'drafts'), within(scene, 'sent'), one.told]).toEqual([
    ['Pallets'],
    [],
    ['Pallets'],
    ['sent Pallets']
  ])
})

test('a tab from which another one took the draft sends nothing that it did not show', async () => {
  const scene = browser()
  const one = await tab(scene)
  const id = await one.write()
  await pass(scene, 5_000)
  const two = await tab(scene)
  const { tab: writer } = two.drafts
  await Promise.all([
    two.drafts.update(id, (kept) => ({ ...kept, writer, draft: { ...kept.draft, text: 'Half' }, revision: 9 })),
    one.sendings.send(id)
  ])
  await pass(scene, 60_000)
  expect([received(scene), one.drafts.get(id)?.sending]).toEqual([[], null])
})

test('a mail server that never says what became of it: the person decides', async () => {
  const scene = browser()
  const one = await tab(scene)
  const id = await one.write()
  await one.sendings.send(id)
  let isLost = false
  scene.server.interrupt = (path, body) => {
    if (!isLost && body.includes('"send"')) {
      isLost = true
      throw new TypeError('lost')
    }
    return isLost ? failing('EmailSubmission/query', scene.server, 'unsupportedFilter')(path, body) : null
  }
  await pass(scene, 600_000, 5_000)
  expect([one.drafts.get(id)?.sending?.step, one.told]).toEqual(['unknown', ['outcome_unknown']])
})

test.each([
  'overQuota',
  'tooLarge',
  'tooManyRecipients',
  'noRecipients',
  'invalidRecipients',
  'forbiddenMailFrom',
  'forbiddenToSend',
  'invalidEmail',
  'emailNotFound',
  'serverFail',
  'rateLimit',
  'a type of tomorrow'
])('a message that is refused for %s leaves once, when it is sent after that', async (type) => {
  const scene = browser()
  const one = await tab(scene)
  const id = await one.write()
  scene.server.sending.refusing = { type }
  await one.sendings.send(id)
  await pass(scene, 60_000, 5_000)
  expect([received(scene), within(scene, 'drafts'), within(scene, 'sent')]).toEqual([[], ['Pallets'], []])
  scene.server.sending.refusing = null
  await one.sendings.send(id)
  await pass(scene, 120_000, 5_000)
  expect([received(scene), within(scene, 'drafts'), within(scene, 'sent')]).toEqual([['Pallets'], [], ['Pallets']])
})
