import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { KeptDraft } from '#lib/writing/domain/draft.ts'
import type { Composition } from '#lib/writing/state/compose.ts'
import { Browser, type LateTab } from './late-tabs.ts'
import { ModelServer } from './model-server.ts'
import { randomFrom } from './random.ts'
import { textOf } from './writing.ts'

/** More of them: POSTROOM_SEEDS=1000. */
const SEEDS = Number(process.env['POSTROOM_SEEDS'] ?? 15)

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})
afterEach(() => vi.restoreAllMocks())

function wordsIn(text: string): string[] {
  return text.match(/[dw]\d+\./g) ?? []
}
const nameOf = (text: string): string => wordsIn(text)[0] ?? ''

/** A tab that was frozen while this device wrote finds that it waited too long, and writes again. */
function isTimeout(mistake: unknown): boolean {
  return mistake instanceof DOMException && mistake.name === 'TimeoutError'
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'tabs to which all comes late lose no word, store no draft twice and bring none back (%i)',
  async (seed) => {
    const next = randomFrom(seed)
    const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(next() * all.length)]
    const server = new ModelServer()
    const browser = new Browser(server)
    const { clock } = browser
    clock.late = (what) => {
      const most = next() < 0.15 ? 600 : 40
      return Math.floor(next() * (what === 'request' || what === 'response' ? most * 3 : most))
    }
    const rescued = new Map<string, Set<string>>()
    browser.onkept = (kept: KeptDraft) => {
      if (kept.conflict) {
        const name = nameOf(kept.draft.text)
        rescued.set(name, (rescued.get(name) ?? new Set()).add(kept.id))
      }
    }
    let number = 0
    const typed = new Set<string>()
    const forgiven = new Set<string>()
    const discarded = new Set<string>()
    const takenOver = new Set<string>()
    const undos: { at: LateTab; undo: () => void; name: string }[] = []
    await browser.tab()
    await browser.tab()
    if (next() < 0.3) await browser.tab()
    const say = (what: string): void => browser.say(`-- ${what}`)
    server.interrupt = (path, body) => {
      if (path !== '/jmap/') return null
      const kind = next()
      if (kind < 0.04) return Response.json({ code: 'mail_server_busy' }, { status: 503 })
      if (kind < 0.1) {
        server.respond('/jmap/', body)
        throw new TypeError('connection reset')
      }
      return null
    }
    const act = (at: LateTab): void => {
      const { compose } = at
      const composition = pick<Composition>(compose.open)
      const kind = next()
      if (at.isFrozen) {
        if (kind < 0.6) at.thaw()
        return
      }
      if (next() < 0.05) {
        say(`${at.name} is frozen`)
        at.freeze()
        return
      }
      if (!composition || (kind < 0.08 && compose.open.length < 3)) {
        void compose.start({ kind: 'new', to: [{ name: 'Ann', address: 'ann@example.net' }] }).then((one) => {
          const name = `d${(number += 1)}.`
          one.change({ format: 'plain', html: '', text: name, subject: name })
          typed.add(name)
          say(`${at.name} begins ${name} ${one.id}`)
        })
      } else if (kind < 0.5) {
        const word = `w${(number += 1)}.`
        composition.change({ text: `${composition.draft.text} ${word}` })
        if (composition.draft.text.includes(word)) {
          typed.add(word)
          say(`${at.name} types ${word} in ${composition.id}`)
        }
      } else if (kind < 0.58) {
        say(`${at.name} closes ${composition.id}${composition.elsewhere ? ' (elsewhere)' : ''}`)
        composition.close()
      } else if (kind < 0.64) {
        if (composition.elsewhere) return
        const { text } = composition.draft
        say(`${at.name} discards ${composition.id}`)
        const undo = composition.discard()
        const name = nameOf(text)
        if (next() < 0.5) undos.push({ at, undo, name })
        discarded.add(name)
        wordsIn(text).forEach((word) => forgiven.add(word))
      } else if (kind < 0.68) {
        const one = undos.shift()
        if (one) {
          say(`${one.at.name} undoes the discarding of ${one.name}`)
          discarded.delete(one.name)
          one.undo()
        }
      } else {
        const mine = pick(browser.alive.filter((one) => one !== at).flatMap((one) => one.compose.open))
        const shown = composition.elsewhere && next() < 0.5 ? composition : undefined
        if (shown) {
          say(`${at.name} takes over ${shown.id}`)
          takenOver.add(nameOf(shown.draft.text))
          shown.takeOver()
        } else if (mine) {
          const isOwn = next() < 0.6
          say(`${at.name} opens ${mine.id}${isOwn ? ' in its own window' : ''}`)
          // What was discarded a moment ago is wanted again.
          takenOver.add(nameOf(mine.draft.text))
          void compose
            .start({ kind: 'kept', id: mine.id })
            .then((one) => {
              if (isOwn && one.elsewhere) one.takeOver()
            })
            .catch(() => undefined)
        }
      }
    }
    try {
      for (let turn = 0; turn < 30; turn += 1) {
        act(pick(browser.alive) as LateTab)
        await clock.pass(pick([0, 5, 20, 60, 200, 400, 1_500, 4_000]) ?? 0)
      }
      server.interrupt = () => null
      browser.tabs.forEach((tab) => tab.thaw())
      await clock.pass(60_000)
      // Windows say the truth.
      const states = new Map<string, string[]>()
      for (const tab of browser.alive)
        for (const one of tab.compose.open)
          states.set(one.id, [...(states.get(one.id) ?? []), `${tab.name}:${one.elsewhere ? 'reads' : 'writes'}`])
      const untrue = [...states].filter(([, all]) => all.filter((one) => one.endsWith('writes')).length !== 1)
      expect(untrue, 'windows').toEqual([])
      say('the end')
      for (const tab of browser.alive) for (const one of tab.compose.open) one.close()
      await clock.pass(120_000)
      const all = [...server.emails.values()]
      const there = new Set(all.flatMap((email) => wordsIn(textOf(email))))
      expect(
        [...typed].filter((word) => !there.has(word) && !forgiven.has(word)),
        'lost'
      ).toEqual([])
      const names = all.map((email) => nameOf(textOf(email)))
      expect(
        [...new Set(names)].filter(
          (name) => names.filter((one) => one === name).length > 1 + (rescued.get(name)?.size ?? 0)
        ),
        'twice'
      ).toEqual([])
      const texts = all.map(textOf)
      expect(
        texts.filter((text, index) => texts.indexOf(text) !== index && !rescued.has(nameOf(text))),
        'same'
      ).toEqual([])
      expect(
        names.filter((name) => discarded.has(name) && !takenOver.has(name) && !rescued.has(name)),
        'comes back'
      ).toEqual([])
      expect(
        browser.alive.map(({ compose, world }) => [
          compose.open.length,
          compose.unsent,
          world.mistakes.filter((mistake) => !isTimeout(mistake))
        ]),
        'open'
      ).toEqual(browser.alive.map(() => [0, 0, []]))
      const [{ name = '' } = {}] = await indexedDB.databases()
      const database = await openDB(name)
      expect(await database.getAll('draft'), 'device').toEqual([])
      database.close()
    } finally {
      browser.alive.forEach((tab) => tab.end())
    }
  }
)
