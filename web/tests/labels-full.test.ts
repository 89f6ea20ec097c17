import 'fake-indexeddb/auto'
import { filterNow } from '#lib/settings/sync/filtering.ts'
import type { FilterAction } from '#lib/settings/domain/filter.ts'
import type { PartContext } from '#lib/state/part-context.ts'
import { expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { of, tab } from './outbox-scene.ts'
import { deliver } from './scene.ts'

test('a label that the mail server takes and does not keep is refused with its reason, and nothing else is', async () => {
  const server = new ModelServer()
  server.mostKeywords = 2
  deliver(server, 3)
  const { mail, world } = await tab(server)
  mail.actions.run({ kind: 'label', keyword: 'first', on: true }, ['t1'])
  await world.pass(1_000)
  expect([of({ server }, 'e1').keywords, mail.actions.refused]).toEqual([{ first: true }, null])
  mail.actions.run({ kind: 'star', on: true }, ['t1', 't2'])
  mail.actions.run({ kind: 'label', keyword: 'second', on: true }, ['t1', 't2'])
  await world.pass(1_000)
  expect(mail.actions.refused).toMatchObject({
    kind: 'refused',
    trouble: { code: 'too_many_labels', detail: 'second' },
    conversations: 2
  })
  expect([of({ server }, 'e1').keywords, of({ server }, 'e2').keywords]).toEqual([
    { first: true, $flagged: true },
    { $flagged: true }
  ])
  expect([0, 1, 2].map((at) => mail.list?.row(at)).map((row) => [row?.labels, row?.starred])).toEqual([
    [[], false],
    [[], true],
    [['first'], true]
  ])
})

test('of a filter whose label is not kept, the rest is done, and undone', async () => {
  const server = new ModelServer()
  server.mostKeywords = 0
  deliver(server, 2)
  const { mail, world } = await tab(server)
  const { session, actions } = mail.part((context: PartContext) => context)
  const filter: FilterAction[] = [
    { kind: 'label', value: 'first' },
    { kind: 'move', value: 'trash' }
  ]
  const place = { mailboxId: null, roles: new Map(), conversations: false, held: new Set<string>() }
  const done = await filterNow(session, actions.outbox, filter, ['e1', 'e2'], { place, names: {} })
  await world.pass(1_000)
  expect(mail.actions.refused).toMatchObject({ trouble: { code: 'too_many_labels', detail: 'first' } })
  const now = (): unknown[] => ['e1', 'e2'].map((id) => of({ server }, id))
  const moved = { keywords: {}, mailboxIds: { trash: true } }
  expect([done?.count, now()]).toEqual([2, [moved, moved]])
  done?.undo()
  await world.pass(1_000)
  const before = { keywords: {}, mailboxIds: { inbox: true } }
  expect(now()).toEqual([before, before])
})

test('keywords are the same in capitals and small letters', async () => {
  const server = new ModelServer()
  deliver(server, 1)
  const { mail, world } = await tab(server)
  const update = server.update.bind(server)
  // RFC 8621 §4.1.1: the server returns them in small letters.
  server.update = (id, changes) =>
    update(id, {
      ...changes,
      keywords: Object.fromEntries(Object.keys(changes.keywords ?? {}).map((keyword) => [keyword.toLowerCase(), true]))
    })
  mail.actions.run({ kind: 'label', keyword: 'Later', on: true }, ['t1'])
  await world.pass(1_000)
  expect(mail.actions.refused).toBeNull()
})
