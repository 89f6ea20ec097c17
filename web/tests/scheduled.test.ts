import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { Actions } from '#lib/actions/state/actions.svelte.ts'
import { Deliveries } from '#lib/writing/sync/deliveries.ts'
import { heldEmails } from '#lib/sync/held-emails.ts'
import { INBOX } from '#lib/sync/lists.ts'
import { Scheduled } from '#lib/writing/sync/scheduled.ts'
import { browser, pass, tab, TO, within } from './sending-scene.ts'

const HOUR = 3_600_000

test('what is to leave later is listed until it leaves, on other devices too, and Sent hides it until then', async () => {
  const scene = browser()
  const one = await tab(scene)
  const scheduled = new Scheduled(one.session)
  const at = new Date(scene.world.time + HOUR)
  const id = await one.write({ to: [{ name: 'Ann', address: 'ann@example.net' }] })
  await one.sendings.send(id, { at })
  await pass(scene, 3_000)
  expect(scheduled.held).toMatchObject([{ subject: 'Pallets', to: [{ name: 'Ann' }], refused: [] }])
  expect((scheduled.held?.[0]?.sendAt ?? 0) - at.getTime()).toBeLessThan(2_000)
  const [email] = [...scene.server.emails.keys()]
  expect([...heldEmails(one.session)]).toEqual([email])
  await pass(scene, HOUR + 10_000, HOUR / 4)
  expect([scheduled.held, [...heldEmails(one.session)], within(scene, 'sent')]).toEqual([[], [], ['Pallets']])
  scheduled.stop()
})

test('what waits for the time of undo alone is not listed as scheduled, and Sent hides it all the same', async () => {
  const scene = browser()
  const one = await tab(scene)
  const scheduled = new Scheduled(one.session)
  await one.sendings.send(await one.write({ to: [{ name: 'Ann', address: 'ann@example.net' }] }))
  await pass(scene, 3_000)
  scheduled.refresh()
  await pass(scene, 1_000)
  expect([scheduled.held, [...heldEmails(one.session)]]).toEqual([[], [...scene.server.emails.keys()]])
  scheduled.stop()
})

test('what another device scheduled can be undone here: it is a draft of this device then', async () => {
  const scene = browser()
  const one = await tab(scene)
  const id = await one.write()
  await one.sendings.send(id, { at: new Date(scene.world.time + HOUR) })
  await pass(scene, 3_000)
  const scheduled = new Scheduled(one.session)
  await pass(scene, 1_000)
  const [held] = scheduled.held ?? []
  const draft = one.drafts.get(id)?.draft
  if (!held || !draft) {
    throw new Error('nothing is held')
  }
  await one.drafts.remove(id)
  const stored = { emailId: held.emailId, messageId: 'x', revision: 0, at: 0 }
  const adopted = await one.sendings.adopt({ draft, stored }, held)
  const undoing = one.sendings.undo(adopted)
  await pass(scene, 5_000)
  expect([await undoing, within(scene, 'drafts'), within(scene, 'sent')]).toEqual([true, ['Pallets'], []])
  scheduled.stop()
})

test('whom a message reached is asked once, and again while it is on its way', async () => {
  const scene = browser()
  const one = await tab(scene)
  const to = ['ann@example.net', 'nobody@example.org'].map((address) => ({ name: '', address }))
  await one.sendings.send(await one.write({ to }))
  await pass(scene, 3_000)
  const deliveries = new Deliveries(one.session)
  const [email = ''] = [...scene.server.emails.keys()]
  await deliveries.ask([email])
  const before = scene.server.requests.length
  await deliveries.ask([email])
  expect(scene.server.requests.length).toBe(before)
  expect(deliveries.of(email)).toMatchObject({
    recipients: 2,
    refused: [{ address: 'nobody@example.org', reason: 'unknown_mailbox' }]
  })
})

test('a message that is still to be sent cannot be deleted, and can be once it has left', async () => {
  const scene = browser()
  const one = await tab(scene)
  const actions = new Actions(one.loop)
  one.loop.show({ ...INBOX, everywhere: true })
  await one.sendings.send(await one.write({ to: [TO] }), { at: new Date(scene.world.time + HOUR) })
  await pass(scene, 3_000)
  const thread = [...scene.server.emails.values()][0]?.threadId ?? ''
  const deletes = (): unknown[] => [
    actions.isHeld({ kind: 'delete' }, [thread]),
    actions.run({ kind: 'delete' }, [thread])
  ]
  expect(deletes()).toEqual([true, null])
  await pass(scene, HOUR + 10_000, HOUR / 4)
  expect(deletes()).toMatchObject([false, { conversations: 1 }])
  actions.stop()
})

test('what this device sent is not held any more when it has left, also by a clock that is behind', async () => {
  const scene = browser()
  scene.server.sending.clock = () => scene.world.time + 24 * HOUR
  const one = await tab(scene)
  const scheduled = new Scheduled(one.session)
  await one.sendings.send(await one.write({ to: [TO] }))
  await pass(scene, 3_000)
  expect([...heldEmails(one.session)]).toEqual([...scene.server.emails.keys()])
  await pass(scene, 60_000, 5_000)
  expect(one.told).toEqual(['sent Pallets'])
  expect([...heldEmails(one.session)]).toEqual([])
  scheduled.stop()
})
