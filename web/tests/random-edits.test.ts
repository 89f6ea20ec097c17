import { expect, test } from 'vitest'
import type { Mail } from '#lib/state/mail.svelte.ts'
import { ModelServer } from './model-server.ts'
import { randomFrom } from './random.ts'
import { deliver, hint, opened, shown, type Scene } from './scene.ts'
import { settled } from './world.ts'

/** More of them: POSTROOM_SEEDS=1000. */
const SEEDS = Number(process.env['POSTROOM_SEEDS'] ?? 10)

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'after any edits of two clients, refusals and lost responses the screen shows what the server has (%i)',
  async (seed) => {
    const next = randomFrom(seed)
    const server = new ModelServer()
    deliver(server, 120)
    const scenes = [await opened(server), await opened(server)]
    server.interrupt = (path, body) => (path === '/jmap/' ? misfortune(server, body, next) : null)
    for (let round = 0; round < 60; round += 1) {
      edit(server, next)
      const { mail, world } = scenes[Number(next() < 0.5)] as Scene
      act(mail, next)
      await world.pass(60)
    }
    server.interrupt = () => null
    for (const scene of scenes) {
      await scene.world.pass(600_000)
      await hint(scene)
      await compare(scene)
    }
  }
)

/** Edits between the requests of a round, refusals, and responses that get lost after the work was done. */
function misfortune(server: ModelServer, body: string, next: () => number): Response | null {
  if (next() < 0.3) {
    edit(server, next)
  }
  if (next() < 0.05) {
    return Response.json({ code: 'mail_server_busy' }, { status: 503 })
  }
  if (next() < 0.05) {
    server.respond('/jmap/', body)
    throw new TypeError('connection reset')
  }
  return null
}

/** What a person does at one client. */
function act(mail: Mail, next: () => number): void {
  const total = mail.list?.total ?? 0
  if (next() < 0.4) {
    mail.reader.open(mail.list?.row(Math.floor(next() * total))?.threadId ?? '')
  }
  if (next() < 0.1) {
    mail.show(['inbox', 'trash', 'sent'][Math.floor(next() * 3)] ?? null)
  }
  if (next() < 0.3) {
    mail.list?.atTop(next() < 0.5)
  }
  if (next() < 0.3) {
    const from = Math.floor(next() * total)
    mail.list?.want(from, from + 20)
  }
  if (next() < 0.3) {
    mail.connection.tryNow()
  }
}

function edit(server: ModelServer, next: () => number): void {
  const ids = [...server.emails.keys()]
  const id = ids[Math.floor(next() * ids.length)] ?? ''
  const kind = next()
  if (kind < 0.3) {
    server.deliver(next() < 0.5 ? {} : { threadId: server.emails.get(id)?.threadId ?? 'x' })
  } else if (kind < 0.45) {
    server.destroy(id)
  } else if (kind < 0.6) {
    server.update(id, { mailboxIds: { [next() < 0.5 ? 'trash' : 'inbox']: true } })
  } else if (kind < 0.62) {
    server.forgottenUntil = Number(server.state)
  } else {
    server.update(id, { keywords: { ...(next() < 0.5 && { $seen: true }), ...(next() < 0.5 && { $flagged: true }) } })
  }
}

async function compare(scene: Scene): Promise<void> {
  const { mail, server, world } = scene
  mail.list?.atTop(true)
  for (let from = 0; from < (mail.list?.total ?? 0); from += 50) {
    mail.list?.want(from, from + 50)
    await settled()
  }
  const ids = server.list(mail.list?.mailboxId ?? '')
  expect(shown(scene, 1_000)).toEqual(ids)
  const threads = server.threads()
  ids.forEach((id, index) => {
    const thread = threads.get(server.emails.get(id)?.threadId ?? '')?.emailIds ?? []
    const emails = thread.flatMap((one) => server.emails.get(one) ?? [])
    expect(mail.list?.row(index)).toMatchObject({
      messages: thread.length,
      unread: emails.some(({ keywords }) => !keywords['$seen']),
      starred: emails.some(({ keywords }) => keywords['$flagged'])
    })
  })
  expect(Object.fromEntries(mail.mailboxes.items.map(({ id, count }) => [id, count]))).toEqual(
    Object.fromEntries(
      server
        .mailboxes()
        .map(({ id, role, unreadThreads, totalEmails }) => [id, role === 'drafts' ? totalEmails : unreadThreads])
    )
  )
  expect(world.mistakes).toEqual([])
}
