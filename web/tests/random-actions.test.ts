import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Id } from '#lib/jmap/types.ts'
import type { Action, AppliedAction } from '#lib/state/mail.ts'
import { ModelServer } from './model-server.ts'
import { randomFrom } from './random.ts'
import { deliver, hint, opened, type Scene } from './scene.ts'
import { settled } from './world.ts'

/** More of them: POSTROOM_SEEDS=1000. */
const SEEDS = Number(process.env['POSTROOM_SEEDS'] ?? 10)
const EMAILS = 60

type Random = () => number

const TABS = { locks: navigator.locks, channel: (name: string) => new BroadcastChannel(name) }
const open = new Set<Scene>()
/** tabs that the server has answered */
const current = new WeakSet<Scene>()

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  open.forEach(({ mail }) => mail.stop())
  open.clear()
})

/** A device has one clock: what its tabs do is sent in the order of their moments. */
async function tab(server: ModelServer, time: number | null = null): Promise<Scene> {
  const scene = await opened(server, null, TABS, null, time)
  open.add(scene)
  return scene
}

/** Which keywords and mailboxes an email must have in the end, if nobody else touched it. */
class Wishes {
  readonly #of = new Map<Id, Map<string, boolean>>()
  /** emails that others changed, or of which an action was refused: only the server knows */
  readonly open = new Set<Id>()
  /** in which an email was changed */
  readonly tabs = new Map<Id, Set<Scene>>()

  wish(id: Id, what: string, on: boolean): void {
    this.#of.set(id, (this.#of.get(id) ?? new Map<string, boolean>()).set(what, on))
  }

  check(server: ModelServer): void {
    for (const [id, wishes] of this.#of) {
      const email = server.emails.get(id)
      if (email && !this.open.has(id)) {
        const found = [...wishes.keys()].map((what) => [what, isSo(email, what)])
        expect([id, found]).toEqual([id, [...wishes]])
      }
    }
  }
}

function isSo(email: { keywords: Record<string, boolean>; mailboxIds: Record<Id, boolean> }, what: string): boolean {
  const [kind, name = ''] = what.split(' ')
  return Boolean(kind === 'keyword' ? email.keywords[name] : email.mailboxIds[name])
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'any actions, undos, changes by others, losses and reloads in two tabs end with a screen that shows what the server has (%i)',
  async (seed) => {
    const next = randomFrom(seed)
    const server = new ModelServer()
    deliver(server, EMAILS)
    const wishes = new Wishes()
    const tabs: Scene[] = [await tab(server), await tab(server)]
    const deeds: { applied: AppliedAction; undo: () => void; tab: number }[] = []
    server.interrupt = (path, body) => (path === '/jmap/' ? misfortune(server, body, next, wishes) : null)
    for (let turn = 0; turn < 60; turn += 1) {
      const which = Number(next() < 0.5)
      const scene = tabs[which] as Scene
      if (next() < 0.3) {
        edit(server, next, wishes)
      }
      if (next() < 0.6) {
        const done = act(scene, next, wishes)
        if (done) {
          deeds.push({ ...done, tab: which })
        }
      }
      const last = deeds.at(-1)
      if (last && next() < 0.2) {
        deeds.pop()
        last.applied.undo()
        last.undo()
      }
      if (next() < 0.05) {
        scene.mail.stop()
        open.delete(scene)
        tabs[which] = await tab(server, scene.world.time)
        deeds.splice(0, deeds.length, ...deeds.filter((applied) => applied.tab !== which))
      }
      await both(tabs, next() < 0.5 ? 20 : 200)
    }
    server.interrupt = () => null
    await both(tabs, 120_000)
    await both(tabs, 120_000)
    for (const scene of tabs) {
      await hint(scene)
      await compare(scene)
      expect(scene.mail.actions.waiting).toBe(0)
      expect(scene.world.mistakes).toEqual([])
    }
    wishes.check(server)
  }
)

/** What one tab says reaches the other before time goes on. */
async function both(tabs: readonly Scene[], milliseconds: number): Promise<void> {
  await told()
  for (const { world } of tabs) {
    await world.pass(milliseconds)
    await told()
  }
}

/** A BroadcastChannel of Node delivers by a macrotask that setImmediate does not wait for. */
async function told(): Promise<void> {
  const channel = new BroadcastChannel('echo')
  const other = new BroadcastChannel('echo')
  await new Promise((resolve) => {
    other.onmessage = resolve
    channel.postMessage(null)
  })
  channel.close()
  other.close()
  await settled()
}

function misfortune(server: ModelServer, body: string, next: Random, wishes: Wishes): Response | null {
  const kind = next()
  if (kind < 0.05) {
    return Response.json({ code: 'mail_server_busy' }, { status: 503 })
  }
  if (kind < 0.1) {
    throw new TypeError('not sent')
  }
  if (kind < 0.2) {
    // Done, and nobody hears of it.
    server.respond('/jmap/', body)
    throw new TypeError('connection reset')
  }
  if (kind < 0.22) {
    return new Response('{"methodResponses": [["Email/s', { status: 200 })
  }
  if (kind < 0.25) {
    server.forgottenUntil = Number(server.state)
  }
  if (kind < 0.35) {
    edit(server, next, wishes)
  }
  return null
}

function act(scene: Scene, next: Random, wishes: Wishes): { applied: AppliedAction; undo: () => void } | null {
  const { mail } = scene
  if (mail.list?.freshness === 'current') {
    current.add(scene)
  }
  const total = mail.list?.total ?? 0
  const row = mail.list?.row(Math.floor(next() * total))
  if (!row) {
    return null
  }
  const action = ACTIONS[Math.floor(next() * ACTIONS.length)] as Action
  const before = { starred: row.starred, unread: row.unread, labels: row.labels }
  const applied = mail.actions.run(action, [row.threadId])
  if (!applied) {
    return null
  }
  if (!current.has(scene)) {
    // What the device kept may be older than what the person sees there.
    wishes.open.add(row.emailId)
  }
  const wish = (isUndone: boolean): void => {
    const id = row.emailId
    if (action.kind === 'star') {
      wishes.wish(id, 'keyword $flagged', isUndone ? before.starred : action.on)
    } else if (action.kind === 'read') {
      wishes.wish(id, 'keyword $seen', isUndone ? !before.unread : action.on)
    } else if (action.kind === 'label') {
      wishes.wish(id, `keyword ${action.keyword}`, isUndone ? before.labels.includes(action.keyword) : action.on)
    } else {
      for (const mailbox of ['inbox', 'trash']) {
        const isThere = isUndone ? mailbox === 'inbox' : mailbox === 'trash' && action.kind === 'delete'
        wishes.wish(id, `mailbox ${mailbox}`, isThere)
      }
    }
  }
  wish(false)
  const tabs = wishes.tabs.get(row.emailId) ?? new Set()
  wishes.tabs.set(row.emailId, tabs.add(scene))
  const undo = (): void => {
    wish(true)
    if (tabs.size > 1) {
      // What another tab does in the same moment, or later, is the newer wish.
      wishes.open.add(row.emailId)
    }
  }
  return { applied, undo }
}

const ACTIONS: readonly Action[] = [
  { kind: 'delete' },
  { kind: 'archive' },
  { kind: 'spam', on: true },
  { kind: 'star', on: true },
  { kind: 'star', on: false },
  { kind: 'read', on: true },
  { kind: 'read', on: false },
  { kind: 'label', keyword: 'work', on: true },
  { kind: 'label', keyword: 'work', on: false }
]

/** Another client. */
function edit(server: ModelServer, next: Random, wishes: Wishes): void {
  const ids = [...server.emails.keys()]
  const id = ids[Math.floor(next() * ids.length)] ?? ''
  wishes.open.add(id)
  const kind = next()
  if (kind < 0.3) {
    server.deliver()
  } else if (kind < 0.4) {
    server.destroy(id)
  } else if (kind < 0.7) {
    server.update(id, { mailboxIds: { [next() < 0.5 ? 'trash' : 'inbox']: true } })
  } else {
    server.update(id, { keywords: { ...(next() < 0.5 && { $seen: true }), ...(next() < 0.5 && { $flagged: true }) } })
  }
}

async function compare({ mail, server }: Scene): Promise<void> {
  mail.list?.atTop(true)
  const rows = Array.from({ length: mail.list?.total ?? 0 }, (_, index) => index)
  for (const from of rows.filter((index) => index % 50 === 0)) {
    mail.list?.want(from, from + 50)
    await settled()
  }
  expect(rows.map((index) => mail.list?.row(index)?.emailId)).toEqual(server.list('inbox'))
  for (const index of rows) {
    const row = mail.list?.row(index)
    const { keywords = {} } = server.emails.get(row?.emailId ?? '') ?? {}
    expect(row).toMatchObject({
      unread: !keywords['$seen'],
      starred: Boolean(keywords['$flagged']),
      pending: false
    })
  }
  expect(Object.fromEntries(mail.mailboxes.items.map(({ id, count, messages }) => [id, [count, messages]]))).toEqual(
    Object.fromEntries(
      server
        .mailboxes()
        .map(({ id, role, unreadThreads, totalEmails }) => [
          id,
          [role === 'drafts' ? totalEmails : unreadThreads, totalEmails]
        ])
    )
  )
}
