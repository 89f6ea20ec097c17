import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
// Loaded before: a test's clock does not wait for a file.
import '#lib/writing/state/compose.svelte.ts'
import '#lib/writing/state/engine.ts'
import '#lib/words/en/quoting.ts'
import { Mail } from '#lib/state/mail.svelte.ts'
import type { Compose, Composition } from '#lib/writing/state/compose.ts'
import { stalwartServer, type StalwartServer } from './stalwart-server.ts'
import { World } from './world.ts'

vi.mock('#lib/writing/domain/quote-html.ts', () => ({
  cleanHtml: (html: string) => html,
  quoteHtml: (html: string) => html
}))

const ABOUT =
  'What Stalwart 0.16.19 answered to the requests of writing mail, in their order: a message is stored in two versions, the second with a file, sent, ' +
  'undone, sent again until it leaves; one is scheduled and undone; one reaches nobody. Recorded by ' +
  'tests/stalwart-server.ts.'

class Story {
  readonly #server: StalwartServer
  readonly #world: World

  constructor(server: StalwartServer, world: World) {
    this.#server = server
    this.#world = world
  }

  /** So much time passes, here and at the mail server. */
  async pass(milliseconds: number): Promise<void> {
    await this.#server.lasts(milliseconds)
    await this.#world.pass(milliseconds)
    await this.#server.idle()
  }
}

function counts(mail: Mail): (number | undefined)[] {
  return (['drafts', 'sent'] as const).map((role) => mail.mailboxes.byRole(role)?.messages)
}

async function written(compose: Compose, to: string, subject: string): Promise<Composition> {
  const composition = await compose.start({ kind: 'new', to: [{ name: 'Bén', address: to }] })
  composition.change({ format: 'plain', html: '', subject, text: 'Dear Bén' })
  return composition
}

test('a real Stalwart keeps, sends once, gives back, holds and refuses what is written', async () => {
  const server = stalwartServer('stalwart-0.16.19-writing')
  const world = new World()
  world.time = server.beginsAt
  const mail = new Mail(world.ports(server.fetch, { upload: server.upload }))
  const story = new Story(server, world)
  mail.show(null)
  await server.idle()
  const compose = await mail.compose()
  await server.idle()
  expect(compose.maxDelay).toBe(2_592_000)

  const draft = await written(compose, server.other, 'Pallets')
  await story.pass(4_000)
  expect([draft.save.kind, ...counts(mail)]).toEqual(['saved', 1, 0])
  draft.change({ text: 'Dear Bén,\n' + 'one more word '.repeat(200) })
  const [plan] = draft.attach([new File([new Uint8Array(100_000).fill(7)], 'Plän.bin')])
  await story.pass(1_000)
  expect(draft.fileState(plan?.id ?? '')).toEqual({ kind: 'ready' })
  await story.pass(4_000)
  expect([draft.save.kind, ...counts(mail)]).toEqual(['saved', 1, 0])

  expect(await draft.send()).toBeNull()
  await story.pass(2_000)
  expect(compose.outgoing.map(({ needs }) => needs)).toEqual([null])
  const undoing = compose.outgoing[0]?.undo()
  await story.pass(2_000)
  const again = await undoing
  expect([again?.draft.text.length, compose.open.length, ...counts(mail)]).toEqual([2_810, 1, 1, 0])
  expect(again?.draft.files.map(({ name, size }) => [name, size])).toEqual([['Plän.bin', 100_000]])
  expect(await server.received('Pallets')).toBe(0)

  expect(await again?.send()).toBeNull()
  await story.pass(2_000)
  expect(await server.received('Pallets')).toBe(0)
  await story.pass(16_000)
  expect(await server.received('Pallets')).toBe(1)
  expect([compose.outcome?.kind, compose.unsent, ...counts(mail)]).toEqual(['sent', 0, 0, 1])

  const later = await written(compose, server.other, 'Later')
  expect(await later.send({ at: new Date(world.time + 3_600_000) })).toBeNull()
  await story.pass(2_000)
  expect(compose.outgoing.map(({ needs, scheduled }) => [needs, scheduled])).toEqual([[null, true]])
  const undoingLater = compose.outgoing[0]?.undo()
  await story.pass(2_000)
  expect((await undoingLater)?.draft.subject).toBe('Later')
  ;(await undoingLater)?.discard()
  await story.pass(20_000)
  expect([...counts(mail), compose.unsent]).toEqual([0, 1, 0])

  const nobodys = await written(compose, 'nobody-at-all@example.org', 'For nobody')
  expect(await nobodys.send()).toBeNull()
  await story.pass(20_000)
  expect([compose.outcome?.kind, compose.open[0]?.trouble?.code]).toEqual(['not_sent', 'refused_recipients'])
  expect([await server.received('Later'), world.mistakes]).toEqual([0, []])
  mail.stop()
  server.end(ABOUT)
})
