// @vitest-environment jsdom
/** Names and colours of labels, which the service keeps. */
import { expect, test } from 'vitest'
import 'fake-indexeddb/auto'
import { Mail } from '#lib/state/mail.svelte.ts'
import { ModelServer } from './model-server.ts'
import { openedWith, Settings } from './settings.ts'
import { settled, World } from './world.ts'

function labelsIn(settings: Settings): unknown {
  return (settings.document as { labels?: unknown }).labels
}

test('a label is made, renamed, given another colour and removed, and its keyword stays what it was', async () => {
  const settings = new Settings()
  settings.document = { language: 'de' }
  const { labels } = await openedWith(settings)
  const label = await labels.create(' Warten ')
  expect(label).toEqual({ keyword: 'warten', name: 'Warten', colour: 1 })
  await (await labels.edits()).change('warten', { name: 'Wartet', colour: 7 })
  expect(labels.items).toEqual([{ keyword: 'warten', name: 'Wartet', colour: 7 }])
  expect(settings.document).toEqual({ language: 'de', labels: labels.items })
  await (await labels.edits()).remove('warten')
  expect([labels.items, labelsIn(settings)]).toEqual([[], []])
})

test('labels follow the person to other devices, by name', async () => {
  const settings = new Settings()
  settings.document = {
    labels: [
      { keyword: 'z', name: 'Zahlen', colour: 2 },
      { keyword: 'a', name: 'Ärger', colour: 3 }
    ]
  }
  const { labels } = await openedWith(settings)
  expect(labels.items.map(({ name }) => name)).toEqual(['Ärger', 'Zahlen'])
  expect(labels.byKeyword('z')?.colour).toBe(2)
})

test('a new label gets the colour that is used least', async () => {
  const { labels } = await openedWith(new Settings())
  for (const name of ['A', 'B', 'C']) await labels.create(name)
  await (await labels.edits()).remove('b')
  expect((await labels.create('D')).colour).toBe(2)
  expect((await labels.create('E', 8)).colour).toBe(8)
})

test('a removed label is restored with its keyword, though it was renamed', async () => {
  const { labels } = await openedWith(new Settings())
  const { keyword } = await labels.create('Warten', 3)
  const edits = await labels.edits()
  await edits.change(keyword, { name: 'Wartet' })
  const [label] = labels.items
  if (!label) throw new Error('no label')
  await edits.remove(keyword)
  await edits.restore(label)
  expect(labels.items).toEqual([{ keyword: 'warten', name: 'Wartet', colour: 3 }])
})

test('labels are known offline', async () => {
  const settings = new Settings()
  const world = new World()
  world.person = 'ann'
  const server = new ModelServer()
  server.identityId = 'ann'
  const first = await openedWith(settings, world, server)
  await first.labels.create('Warten')
  first.connection.tryNow()
  await settled()
  await world.pass(1_000)
  first.stop()
  await settled()
  const offline = new Mail(world.ports(() => Promise.reject(new TypeError('Failed to fetch'))))
  offline.show(null)
  await settled()
  expect(offline.labels.items.map(({ name }) => name)).toEqual(['Warten'])
})

test('what two devices make at the same time is all kept, and the same name is one label', async () => {
  const settings = new Settings()
  const { labels } = await openedWith(settings)
  settings.meanwhile = () => {
    settings.document = {
      labels: [
        { keyword: 'other', name: 'Other', colour: 4 },
        { keyword: 'mine', name: 'Mine', colour: 4 }
      ]
    }
  }
  await labels.create('Mine', 5)
  expect(labels.items).toEqual([
    { keyword: 'mine', name: 'Mine', colour: 5 },
    { keyword: 'other', name: 'Other', colour: 4 }
  ])
})

test('a label that is made while another is still being made stays, also if that one fails', async () => {
  const settings = new Settings()
  const { labels } = await openedWith(settings)
  const late = Promise.withResolvers<Response>()
  const respond = settings.respond.bind(settings)
  const edits = await labels.edits()
  settings.respond = () => late.promise
  const first = edits.create('Waiting')
  settings.respond = respond
  await edits.create('Paid')
  expect(labels.items.map(({ name }) => name)).toEqual(['Paid', 'Waiting'])
  late.resolve(Response.json({ code: 'unavailable' }, { status: 503 }))
  await expect(first).rejects.toBeDefined()
  expect(labels.items.map(({ name }) => name)).toEqual(['Paid'])
})

test('a label is shown at once, and undone if the service does not keep it', async () => {
  const settings = new Settings()
  const { labels } = await openedWith(settings)
  settings.respond = () => Response.json({ code: 'database_away' }, { status: 503 })
  const edits = await labels.edits()
  const made = edits.create('A')
  expect(labels.items.map(({ name }) => name)).toEqual(['A'])
  await expect(made).rejects.toMatchObject({ code: 'database_away' })
  expect(labels.items).toEqual([])
})

test.each([
  ['', 'empty'],
  ['waiting', 'taken'],
  ['x'.repeat(101), 'long'],
  ['Wait', null]
])('the name %j is %s', async (name, fault) => {
  const { labels } = await openedWith(new Settings())
  await labels.create('Waiting')
  const edits = await labels.edits()
  expect(edits.wrongName(name)).toBe(fault)
  expect(edits.wrongName('WAITING', 'waiting')).toBe(null)
})

test('what is no label is left out, whoever wrote it', async () => {
  const settings = new Settings()
  const good = { keyword: 'good', name: 'Good', colour: 8 }
  const odd = [null, 7, {}, { keyword: '$seen', name: 'Seen' }, { keyword: 'x', name: 3 }, { keyword: 'y', name: '' }]
  settings.document = { labels: [...odd, { ...good, colour: 'red' }, { ...good, name: 'Twice' }] }
  const { labels } = await openedWith(settings)
  await settled()
  expect(labels.items).toEqual([good])
})

test('no more labels are made than the document has room for', async () => {
  const settings = new Settings()
  settings.document = {
    labels: Array.from({ length: 200 }, (_, at) => ({ keyword: `k${at}`, name: `N${at}`, colour: 1 }))
  }
  const { labels } = await openedWith(settings)
  await expect(labels.create('One more')).rejects.toMatchObject({ code: 'too_many_labels' })
  expect(labels.items).toHaveLength(200)
})
