import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Composition } from '#lib/writing/state/compose.ts'
import { ModelServer } from './model-server.ts'
import { modelStorage } from './model-storage.ts'
import { MortalTab, told } from './mortal-tab.ts'
import { randomFrom } from './random.ts'
import { settled } from './world.ts'
import { textOf } from './writing.ts'

/** More of them: POSTROOM_SEEDS=1000. */
const SEEDS = Number(process.env['POSTROOM_SEEDS'] ?? 10)
/** Milliseconds in which a tab that is killed may lose what was typed. */
const REST = 300

type Random = () => number

const open = new Set<MortalTab>()
/** the local storage of the browser */
let copies: Storage

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  copies = modelStorage()
  vi.stubGlobal('localStorage', copies)
})

afterEach(() => {
  open.forEach((tab) => tab.kill())
  open.clear()
  vi.unstubAllGlobals()
})

/** Each word that is typed is another one; the first of a draft names it. */
class Words {
  #next = 1
  /** in which tab, and when */
  readonly typed = new Map<string, { tab: MortalTab; at: number }>()
  /** that the person threw away, or that a crash may cost */
  readonly forgiven = new Set<string>()
  /** names of drafts of which another device, or another tab, made a version of its own */
  readonly shared = new Set<string>()
  /** names of drafts that were discarded: in which tab, and when */
  readonly discarded = new Map<string, { tab: MortalTab; at: number }>()

  next(kind: 'd' | 'w'): string {
    return `${kind}${this.#next++}.`
  }

  forgive(text: string): void {
    wordsIn(text).forEach((word) => this.forgiven.add(word))
  }

  /** A draft that the device had not removed yet is there again: rather that than words that are lost. */
  gone(tab: MortalTab): void {
    for (const [name, discarded] of this.discarded) {
      if (discarded.tab === tab && tab.world.time - discarded.at <= REST) this.discarded.delete(name)
    }
  }

  killed(tab: MortalTab): void {
    for (const [word, typed] of this.typed) {
      if (typed.tab === tab && tab.world.time - typed.at <= REST) this.forgiven.add(word)
    }
  }

  check(server: ModelServer): void {
    const all = [...server.emails.values()]
    const there = new Set(all.flatMap((email) => wordsIn(textOf(email))))
    expect([...this.typed.keys()].filter((word) => !there.has(word) && !this.forgiven.has(word))).toEqual([])
    const names = all.filter(({ keywords }) => keywords['$draft']).map((email) => wordsIn(textOf(email))[0] ?? '')
    const twice = names.filter((name, at) => names.indexOf(name) !== at && !this.shared.has(name))
    expect(twice).toEqual([])
    expect(names.filter((name) => this.discarded.has(name) && !this.shared.has(name))).toEqual([])
  }
}

function wordsIn(text: string): string[] {
  return text.match(/[dw]\d+\./g) ?? []
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'any writing, closing, discarding and taking over in two tabs, with another device, losses, reloads and crashes, loses no word and makes no draft twice (%i)',
  async (seed) => {
    const next = randomFrom(seed)
    const server = new ModelServer()
    const words = new Words()
    const tabs = [await tab(server), await tab(server)]
    server.now = () => tabs[0]?.world.time ?? 0
    server.interrupt = (path, body) => (path === '/jmap/' ? misfortune(server, body, next) : null)
    for (let turn = 0; turn < 50; turn += 1) {
      const which = Number(next() < 0.5)
      const at = tabs[which] as MortalTab
      await act(at, tabs, next, words)
      if (next() < 0.1) otherDevice(server, next, words)
      if (next() < 0.06) {
        // A page that is left tells its last words.
        if (next() < 0.5) at.world.leave()
        else words.killed(at)
        words.gone(at)
        at.kill()
        open.delete(at)
        tabs[which] = await tab(server, at.world.time)
      } else if (next() < 0.06) {
        await isAway(at, tabs, next, words)
      }
      await both(tabs, [50, 500, 3_500, 12_000][Math.floor(next() * 4)] ?? 0)
    }
    server.interrupt = () => null
    await both(tabs, 120_000)
    for (const { compose } of tabs) {
      for (const composition of compose.open) composition.close()
      await told()
    }
    await both(tabs, 120_000)
    await both(tabs, 120_000)
    words.check(server)
    for (const at of tabs) await compare(at)
  }
)

async function tab(server: ModelServer, time?: number): Promise<MortalTab> {
  const made = new MortalTab(server, time ?? Date.UTC(2026, 10, 26, 12))
  open.add(made)
  // Whatever keeps it from the mail server now.
  const { interrupt } = server
  server.interrupt = () => null
  await made.begin()
  server.interrupt = interrupt
  return made
}

async function both(tabs: readonly MortalTab[], milliseconds: number): Promise<void> {
  await told()
  for (const { world } of tabs) {
    await world.pass(milliseconds)
    await told()
  }
}

/** The browser keeps a page that is left, and brings it back: its timers come late. */
async function isAway(at: MortalTab, tabs: readonly MortalTab[], next: Random, words: Words): Promise<void> {
  const others = tabs.filter((one) => one !== at)
  at.world.leave()
  for (const other of others) {
    for (let turn = next() * 5; turn > 0; turn -= 1) {
      await act(other, tabs, next, words)
      await both(others, [50, 500, 15_000][Math.floor(next() * 3)] ?? 0)
    }
    at.world.time = Math.max(at.world.time, other.world.time)
  }
  at.world.return()
}

async function act(at: MortalTab, tabs: readonly MortalTab[], next: Random, words: Words): Promise<void> {
  const { compose } = at
  const composition = compose.open[Math.floor(next() * compose.open.length)]
  const kind = next()
  if (!composition || (kind < 0.1 && compose.open.length < 3)) {
    await begin(at, next, words)
  } else if (kind < 0.7) {
    type(at, composition, words)
  } else if (kind < 0.8) {
    composition.close()
  } else if (kind < 0.86) {
    await discard(at, composition, next, words)
  } else {
    const other = tabs.find((one) => one !== at)?.compose.open.find(({ elsewhere }) => !elsewhere)
    const shown = other && (await compose.start({ kind: 'kept', id: other.id }).catch(() => null))
    if (shown && next() < 0.7) {
      words.shared.add(wordsIn(shown.draft.text)[0] ?? '')
      shown.takeOver()
    }
  }
}

async function begin(at: MortalTab, next: Random, words: Words): Promise<void> {
  const drafts = [...at.server.emails.values()].filter(({ keywords }) => keywords['$draft'])
  const email = drafts[Math.floor(next() * drafts.length)]
  if (email && next() < 0.5) {
    const opened = await at.compose.start({ kind: 'edit', emailId: email.id }).catch(() => null)
    // It may be one that was discarded a moment ago.
    words.discarded.delete(wordsIn(opened?.draft.text ?? '')[0] ?? '')
    return
  }
  const composition = await at.compose.start({ kind: 'new' })
  const name = words.next('d')
  composition.change({ format: 'plain', html: '', text: name, subject: name })
  words.typed.set(name, { tab: at, at: at.world.time })
}

function type(at: MortalTab, composition: Composition, words: Words): void {
  const word = words.next('w')
  composition.change({ text: `${composition.draft.text} ${word}` })
  if (composition.draft.text.includes(word)) {
    words.typed.set(word, { tab: at, at: at.world.time })
  }
}

async function discard(at: MortalTab, composition: Composition, next: Random, words: Words): Promise<void> {
  if (composition.elsewhere) return
  const { text } = composition.draft
  const name = wordsIn(text)[0] ?? ''
  const undo = composition.discard()
  if (next() < 0.5) {
    await at.world.pass(next() < 0.5 ? 1_000 : 15_000)
    undo()
    await settled()
    // A tab that is killed at this moment may have done either.
    return
  }
  words.forgive(text)
  words.discarded.set(name, { tab: at, at: at.world.time })
}

/** The phone of the same person. */
function otherDevice(server: ModelServer, next: Random, words: Words): void {
  const drafts = [...server.emails.values()].filter(({ keywords }) => keywords['$draft'])
  const email = drafts[Math.floor(next() * drafts.length)]
  if (!email) return
  const text = textOf(email)
  words.shared.add(wordsIn(text)[0] ?? '')
  const kind = next()
  if (kind < 0.5) {
    const word = words.next('w')
    server.destroy(email.id)
    server.deliver({
      ...email,
      id: `phone-${word}`,
      messageId: [`${word}@phone`],
      bodyValues: { text: { value: `${text} ${word}`, isTruncated: false } }
    })
  } else if (kind < 0.8) {
    server.update(email.id, { keywords: { $seen: true }, mailboxIds: { sent: true } })
  } else {
    words.forgive(text)
    server.destroy(email.id)
  }
}

function misfortune(server: ModelServer, body: string, next: Random): Response | null {
  const kind = next()
  if (kind < 0.05) return Response.json({ code: 'mail_server_busy' }, { status: 503 })
  if (kind < 0.1) throw new TypeError('not sent')
  if (kind < 0.2) {
    // Done, and nobody hears of it.
    server.respond('/jmap/', body)
    throw new TypeError('connection reset')
  }
  if (kind < 0.23) {
    // It arrives when everybody has given it up.
    setImmediate(() => setImmediate(() => server.respond('/jmap/', body)))
    throw new TypeError('connection reset')
  }
  return null
}

/** Nothing is left to be done on the device, and the screen shows what the mail server has. */
async function compare({ mail, compose, world, server }: MortalTab): Promise<void> {
  expect([compose.open.length, compose.unsent, world.mistakes]).toEqual([0, 0, []])
  const [{ name = '' } = {}] = await indexedDB.databases()
  const database = await openDB(name)
  expect([await database.getAll('draft'), await database.getAllKeys('file'), Object.keys(copies)]).toEqual([[], [], []])
  database.close()
  mail.show('drafts')
  mail.connection.tryNow()
  await settled()
  const shown = Array.from({ length: mail.list?.total ?? 0 }, (_, index) => mail.list?.row(index)?.emailId)
  expect(shown.toSorted()).toEqual(server.list('drafts').toSorted())
}
