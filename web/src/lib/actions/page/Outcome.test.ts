// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { deliver } from '../../../../tests/scene.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import { undo } from '#lib/commands/sort.ts'
import { actions } from '#lib/words/en/actions.ts'
import { mail as words } from '#lib/words/en/mail.ts'
import type { PartContext } from '#lib/state/part-context.ts'
import { noteHeld } from '#lib/sync/held-emails.ts'
import Outcome from '#lib/actions/page/Outcome.svelte'
import { afterEach, expect, test } from 'vitest'

const ends: (() => void)[] = []

afterEach(() => ends.splice(0).forEach((end) => end()))

async function inbox(count: number): Promise<Drawn & { server: ModelServer }> {
  const server = new ModelServer()
  deliver(server, count)
  const drawn = await pageOf(server)
  ends.push(await draw(drawn, Outcome, {}))
  return { ...drawn, server }
}

async function ended({ mail, world }: Drawn): Promise<void> {
  for (let turn = 0; turn < 60 && mail.actions.bulk?.state === 'running'; turn += 1) {
    await world.pass(60)
    await after(() => undefined)
  }
}

function said({ page }: Drawn): string | undefined {
  const text = page.notices.shown?.text
  return typeof text === 'function' ? text(actions, words) : text
}

test('undoing is called so while it runs, and when it is done', async () => {
  const scene = await inbox(1_234)
  scene.mail.actions.runOnAll({ kind: 'archive' })
  await ended(scene)
  expect(said(scene)).toBe('1,234 messages archived')
  scene.page.notices.undoLast()
  await scene.world.pass(60)
  await after(() => undefined)
  expect(document.querySelector('.toast span')?.textContent).toMatch(/^Undoing/)
  await ended(scene)
  expect(said(scene)).toBe('Undone')
  expect(scene.server.list('inbox')).toHaveLength(1_234)
})

test('Z while an action runs takes that one back, and no older one', async () => {
  const scene = await inbox(1_234)
  let older = 0
  scene.page.notices.say('Starred', { run: () => (older += 1), done: null })
  scene.mail.actions.runOnAll({ kind: 'archive' })
  await scene.world.pass(60)
  await after(() => undefined)
  expect(undo.when(scene.page)).toBe(true)
  void undo.run(scene.page)
  await ended(scene)
  expect([older, scene.server.list('inbox').length, said(scene)]).toEqual([0, 1_234, 'Undone'])
})

test.each(['run', 'runOnAll'] as const)(
  'of a label that the mail server does not keep only that is told, with what to do: %s',
  async (how) => {
    const scene = await inbox(3)
    scene.server.mostKeywords = 0
    const action = { kind: 'label', keyword: 'later', on: true } as const
    if (how === 'run') scene.mail.actions.run(action, ['t1'])
    else scene.mail.actions.runOnAll(action)
    await ended(scene)
    await scene.world.pass(1_000)
    await after(() => undefined)
    expect(said(scene)).toBe(
      'The label later was not added: the mail server has no room for it. Use one that other messages have.'
    )
    expect(scene.mail.list?.row(2)?.labels).toEqual([])
  }
)

test.each([
  [['e1', 'e2', 'e3'], 'Not moved: it is still to be sent. Undo the sending first.', 3],
  [['e1'], '2 messages archived', 1]
])('of all that match, what is still to be sent (%j) is not told as moved', async (held, text, left) => {
  const scene = await inbox(3)
  const { session } = scene.mail.part((context: PartContext) => context)
  noteHeld(session, 'server', new Set(held))
  scene.mail.actions.runOnAll({ kind: 'archive' })
  await ended(scene)
  expect([said(scene), scene.server.list('inbox').length]).toEqual([text, left])
})
