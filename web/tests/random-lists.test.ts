import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Id } from '#lib/jmap/types.ts'
import type { Action, Filter, ListOptions, Sort } from '#lib/state/mail.ts'
import type { Search } from '#lib/search/state/searches.ts'
import { filterOf, NEWEST_FIRST } from '#lib/store/query.ts'
import { matching } from './model-query.ts'
import { ModelServer } from './model-server.ts'
import { randomFrom } from './random.ts'
import { hint, opened, type Scene } from './scene.ts'
import { settled } from './world.ts'

/** More of them: POSTROOM_SEEDS=1000. */
const SEEDS = Number(process.env['POSTROOM_SEEDS'] ?? 10)

const TABS = { locks: navigator.locks, channel: (name: string) => new BroadcastChannel(name) }
const open: Scene[] = []

const UNREAD: Filter = { notKeyword: '$seen' }
const ELSEWHERE: Filter = { inMailboxOtherThan: ['trash', 'sent'] }
const UNUSUAL: Filter = {
  operator: 'NOT',
  conditions: [{ hasKeyword: 'work' }, { operator: 'AND', conditions: [{ hasKeyword: '$flagged' }, UNREAD] }]
}
const BY_SIZE: Sort = { property: 'size', isAscending: true }
const LISTS: readonly (readonly [Id | null, ListOptions])[] = [
  ['inbox', {}],
  ['trash', {}],
  ['inbox', { filter: UNREAD }],
  ['work', {}],
  ['inbox', { filter: UNUSUAL }],
  ['inbox', { sort: BY_SIZE }],
  [null, { filter: { hasKeyword: '$flagged' } }],
  [null, { filter: { hasKeyword: 'work' }, sort: BY_SIZE }],
  [null, { filter: { text: 'Mail 1' } }],
  [null, { filter: ELSEWHERE }]
]

const ACTIONS: readonly Action[] = [
  { kind: 'delete' },
  { kind: 'archive' },
  { kind: 'move', mailboxId: 'work' },
  { kind: 'move', mailboxId: 'inbox' },
  { kind: 'spam', on: true },
  { kind: 'spam', on: false },
  { kind: 'destroy' },
  { kind: 'star', on: true },
  { kind: 'star', on: false },
  { kind: 'read', on: true },
  { kind: 'read', on: false },
  { kind: 'label', keyword: 'work', on: true },
  { kind: 'label', keyword: 'work', on: false }
]

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

afterEach(() => {
  open.splice(0).forEach(({ mail }) => mail.stop())
})

/** The dice of one run. */
class Dice {
  readonly next: () => number

  constructor(seed: number) {
    this.next = randomFrom(seed)
  }

  is(chance: number): boolean {
    return this.next() < chance
  }

  upTo(count: number): number {
    return Math.floor(this.next() * count)
  }

  of<T>(choice: readonly T[]): T {
    return choice[this.upTo(choice.length)] as T
  }
}

/** Conversations of which a part was sent, filed or thrown away. */
function filled(dice: Dice): ModelServer {
  const server = new ModelServer()
  server.addMailbox({ id: 'work' })
  for (let number = 0; number < 90; number += 1) {
    server.deliver({
      threadId: `t${dice.upTo(45)}`,
      mailboxIds: { [dice.of(['inbox', 'inbox', 'inbox', 'sent', 'work', 'trash'])]: true },
      keywords: { ...(dice.is(0.5) && { $seen: true }), ...(dice.is(0.2) && { $flagged: true }) },
      size: dice.upTo(1_000_000)
    })
  }
  return server
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'whatever is done in lists of conversations, each list ends as the server has it (%i)',
  async (seed) => {
    const dice = new Dice(seed)
    const server = filled(dice)
    const scene = await opened(server, null, dice.is(0.5) ? TABS : {})
    open.push(scene)
    const search = await scene.mail.search()
    const undos: (() => void)[] = []
    let isSignedOut = false
    server.interrupt = (path, body) =>
      isSignedOut ? new Response('', { status: 401 }) : path === '/jmap/' ? misfortune(server, body, dice) : null
    for (let turn = 0; turn < 60; turn += 1) {
      isSignedOut = dice.is(isSignedOut ? 0.7 : 0.03)
      if (dice.is(0.3)) edit(server, dice)
      if (dice.is(0.2)) show(scene.mail, dice.of(LISTS))
      if (dice.is(0.7)) undos.push(...act(scene, dice))
      if (dice.is(0.25)) undos.pop()?.()
      look(scene, dice)
      check(scene, search)
      await scene.world.pass(dice.of([5, 20, 200, 6_000]))
      check(scene, search)
    }
    server.interrupt = () => null
    await scene.world.pass(300_000)
    scene.mail.connection.tryNow()
    await scene.world.pass(300_000)
    await compare(scene)
  }
)

function misfortune(server: ModelServer, body: string, dice: Dice): Response | null {
  const kind = dice.next()
  if (kind < 0.05) {
    throw new TypeError('not sent')
  }
  if (kind < 0.12) {
    server.respond('/jmap/', body)
    throw new TypeError('connection reset')
  }
  if (kind < 0.14) server.forgottenUntil = Number(server.state)
  if (kind < 0.3) edit(server, dice)
  server.refusing = kind > 0.97 ? dice.of(['overQuota', 'forbidden', 'tooManyKeywords']) : null
  return null
}

/** Another client. */
function edit(server: ModelServer, dice: Dice): void {
  const id = dice.of([...server.emails.keys()])
  const kind = dice.next()
  if (kind < 0.25) {
    server.deliver({ threadId: `t${dice.upTo(60)}`, size: dice.upTo(1_000_000) })
  } else if (kind < 0.35) {
    server.destroy(id)
  } else if (kind < 0.7) {
    server.update(id, { mailboxIds: { [dice.of(['trash', 'inbox', 'sent'])]: true } })
  } else {
    server.update(id, { keywords: { ...(dice.is(0.5) && { $seen: true }), ...(dice.is(0.5) && { $flagged: true }) } })
  }
}

function show(mail: Scene['mail'], [mailboxId, how]: (typeof LISTS)[number]): void {
  if (mailboxId === null) mail.showAll(how)
  else mail.show(mailboxId, how)
}

/** Returns how to undo it. */
function act({ mail }: Scene, dice: Dice): (() => void)[] {
  const action = dice.of(ACTIONS)
  if (dice.is(0.04)) {
    mail.actions.runOnAll(action)
    return [() => mail.actions.bulk?.undo?.()]
  }
  const rows = [0, 1, 2].flatMap(() => mail.list?.row(dice.upTo(mail.list.total ?? 0)) ?? []).slice(0, 1 + dice.upTo(3))
  const applied = dice.is(0.3)
    ? mail.actions.runOnMessages(
        action,
        rows.map(({ emailId }) => emailId)
      )
    : mail.actions.run(
        action,
        rows.map(({ threadId }) => threadId)
      )
  return applied ? [applied.undo] : []
}

/** The person scrolls, and has the pointer in the list or not. */
function look({ mail }: Scene, dice: Dice): void {
  if (dice.is(0.2)) mail.list?.hold(dice.is(0.5))
  if (dice.is(0.2)) mail.list?.atTop(dice.is(0.5))
  if (dice.is(0.2)) {
    const from = dice.upTo(mail.list?.total ?? 0)
    mail.list?.want(from, from + 20)
  }
}

/** No conversation stands twice on the screen, and none that has left the mailbox, unless its place is held. */
function check({ mail }: Scene, search: Search): void {
  const { list } = mail
  const rows = Array.from({ length: list?.total ?? 0 }, (_, at) => list?.row(at)).filter((row) => row !== undefined)
  const ids = rows.map(({ threadId }) => threadId)
  expect(ids).toEqual([...new Set(ids)])
  const mailbox = list?.mailboxId ?? null
  if (mailbox !== null && !list?.view.isHeld) {
    expect(rows.filter(({ emailId }) => !search.mailboxesOf(emailId).includes(mailbox))).toEqual([])
  }
}

async function compare(scene: Scene): Promise<void> {
  const { mail, server, world } = scene
  expect([mail.actions.waiting, world.mistakes]).toEqual([0, []])
  for (const list of LISTS) {
    const [mailboxId, { filter = null, sort = NEWEST_FIRST }] = list
    show(mail, list)
    await settled()
    mail.list?.hold(false)
    mail.list?.atTop(true)
    await hint(scene)
    mail.list?.want(0, 200)
    await settled()
    const query = { mailboxId, filter, sort }
    const ids = matching(server.emails.values(), { filter: filterOf(query), sort: [sort], collapseThreads: true })
    expect([list, rows(scene)]).toEqual([list, ids])
    expect(ids.flatMap((_, at) => mail.list?.row(at)?.pending)).not.toContain(true)
  }
  expect(Object.fromEntries(mail.mailboxes.items.map(({ id, messages }) => [id, messages]))).toEqual(
    Object.fromEntries(server.mailboxes().map(({ id, totalEmails }) => [id, totalEmails]))
  )
  const unread = server.mailboxes().filter(({ role }) => role !== 'drafts')
  expect(unread.map(({ id }) => [id, mail.mailboxes.byId(id)?.count])).toEqual(
    unread.map(({ id, unreadThreads }) => [id, unreadThreads])
  )
}

function rows({ mail }: Scene): (Id | undefined)[] {
  return Array.from({ length: mail.list?.total ?? 0 }, (_, at) => mail.list?.row(at)?.emailId)
}
