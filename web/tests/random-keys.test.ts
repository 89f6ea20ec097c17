import { Keyboard } from '#lib/commands/keyboard.ts'
import { ALL } from '#lib/commands/all.ts'
import { act } from '#lib/actions/state/act.ts'
import type { Action } from '#lib/state/mail.ts'
import { MailPage } from '#lib/state/page.svelte.ts'
import { RowFocus, type DrawnRows } from '#lib/state/row-focus.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ModelServer } from './model-server.ts'
import { randomFrom } from './random.ts'
import { hint, opened, type Scene } from './scene.ts'
import { settled } from './world.ts'

/** They are cheap: a hundred for each of POSTROOM_SEEDS. */
const SEEDS = Number(process.env['POSTROOM_SEEDS'] ?? 1) * 100

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})

const open: Scene[] = []
afterEach(() => {
  vi.useRealTimers()
  open.splice(0).forEach(({ mail }) => mail.stop())
})

type Focus =
  | { readonly at: 'row'; readonly index: number }
  | { readonly at: 'reader' | 'elsewhere' | 'nowhere' | 'window' | 'dialog' }

/** How often something happened that a test of this file is about: one in which nothing does proves nothing. */
const count = { hits: 0, chosen: 0, moves: 0, late: 0 }

/** A window of writing, or a dialog. */
interface Over {
  readonly before: Focus
  readonly seen: readonly string[]
  /** on what keys acted when it took the focus; and where the keyboard was, to which a covered list may lead a moment later */
  readonly meant: readonly string[]
}

/** A browser with rows, which are drawn by place, a reader and windows; and a person at its keyboard. */
class Hands implements DrawnRows {
  readonly page: MailPage
  readonly hit: string[] = []
  readonly #scene: Scene
  readonly #keyboard: Keyboard
  readonly #rows: RowFocus
  #focus: Focus = { at: 'nowhere' }
  #over: Over | null = null
  #moves = 0
  /** the last key was kept for what still loads */
  isKept = false

  constructor(scene: Scene) {
    this.#scene = scene
    const { mail } = scene
    this.page = new MailPage(
      mail,
      () => Promise.resolve(),
      () => Promise.resolve('stayed')
    )
    this.page.show('inbox', undefined)
    this.page.writing.start = () => {
      this.#covers('window')
      return Promise.resolve()
    }
    const run = mail.actions.run.bind(mail.actions)
    mail.actions.run = (action: Action, threadIds: readonly string[]) => {
      this.hit.push(...threadIds)
      return run(action, threadIds)
    }
    const { early } = this.page
    const keeps = early.keeps.bind(early)
    early.keeps = (key) => (this.isKept = keeps(key))
    this.#rows = new RowFocus(this.page.cursor, mail, this)
    this.#keyboard = new Keyboard(this.page, ALL)
  }

  get focused(): number | undefined {
    return this.#focus.at === 'row' ? this.#focus.index : undefined
  }

  get isLost(): boolean {
    return this.#focus.at === 'nowhere'
  }

  get isOver(): boolean {
    return this.#over !== null
  }

  focus(index: number): void {
    const threadId = this.#shown(index)
    if (threadId === undefined || (this.#focus.at === 'row' && this.#focus.index === index)) return
    this.#focus = { at: 'row', index }
    this.#rows.entered({ index, threadId })
  }

  leave(): void {
    this.#goTo({ at: this.page.threadId === undefined ? 'elsewhere' : 'reader' })
  }

  /** With the pointer. */
  clicks(index: number): void {
    this.#rows.pressed()
    this.focus(index)
    const threadId = this.#shown(index)
    if (threadId !== undefined) void this.page.openRow(threadId)
  }

  goesElsewhere(): void {
    this.#goTo({ at: 'elsewhere' })
  }

  /** With F6. */
  goesToReader(): void {
    if (this.page.threadId !== undefined) this.#goTo({ at: 'reader' })
  }

  press(key: string, at = performance.now()): boolean {
    const shiftKey = /^[A-Z]$/.test(key)
    const none = { ctrlKey: false, metaKey: false, altKey: false, repeat: false, typing: false, inList: true }
    return this.#keyboard.press({ key, at, shiftKey, ...none })
  }

  /** What the person sees, by which they know on what a key acts. */
  get seen(): readonly string[] {
    const { page } = this
    if (page.triage.isSelecting) return [...page.triage.selection.ids]
    const ringed = this.focused === undefined ? this.#marked() : this.#shown(this.focused)
    const one = (page.cursor.isShown ? ringed : undefined) ?? page.threadId
    return one === undefined ? [] : [one]
  }

  /** The mark of the current row. */
  #marked(): string | undefined {
    const { current } = this.page.cursor
    const { list } = this.page.mail
    const rows = Array.from({ length: list?.total ?? 0 }, (_, at) => this.#shown(at))
    return rows.find((threadId) => threadId !== undefined && threadId === current)
  }

  #shown(index: number): string | undefined {
    return this.page.mail.list?.row(index)?.threadId
  }

  #goTo(to: Focus): void {
    const from = this.#focus
    this.#focus = to
    const threadId = from.at === 'row' ? this.#shown(from.index) : undefined
    if (from.at === 'row' && to.at !== 'row') {
      this.#rows.left(threadId === undefined ? null : { index: from.index, threadId })
    }
    if (to.at === 'reader' && this.page.threadId !== undefined) this.page.cursor.current = this.page.threadId
  }

  /** What the list does behind each change. */
  follows(): void {
    const { cursor } = this.page
    const hasBoth = this.page.preferences.chosen.pane
    cursor.isShown = hasBoth || this.page.threadId === undefined
    const isGone = this.focused !== undefined && (this.#shown(this.focused) === undefined || !cursor.isShown)
    if (isGone) this.#focus = { at: 'nowhere' }
    cursor.arrive()
    for (let turn = 0; turn < 3; turn += 1) {
      this.#rows.changed()
      if (cursor.moves !== this.#moves && cursor.listed !== undefined) {
        this.#moves = cursor.moves
        const index = this.page.mail.list?.indexOf(cursor.listed)
        if (index !== undefined && !this.isOver) this.focus(index)
      }
    }
  }

  opensDialog(): void {
    this.page.triage.ask('move')
    this.page.early.take()
    this.page.triage.came()
    this.#covers('dialog')
  }

  #covers(at: 'window' | 'dialog'): void {
    if (this.#over) return
    const { current } = this.page.cursor
    const meant = this.seen.length === 1 ? [...this.seen, ...(current === null ? [] : [current])] : []
    this.#over = { before: this.#focus, seen: this.seen, meant }
    this.#goTo({ at })
  }

  /** Returns what keys acted on when it took the focus. */
  endsOver(chooses: boolean): readonly string[] {
    const over = this.#over
    if (!over) return []
    const isWindow = this.#focus.at === 'window'
    this.#over = null
    this.#focus = { at: 'nowhere' }
    const { before } = over
    if (before.at === 'row' && !isWindow) this.focus(before.index)
    else if (before.at !== 'row' && before.at !== 'nowhere') this.#goTo(before)
    else if (!this.page.cursor.goBack()) this.leave()
    const { triage } = this.page
    const asked = triage.targets
    triage.closed(triage.dialog)
    if (chooses && !isWindow) this.#chooses(asked, over)
    return over.meant
  }

  #chooses(asked: readonly string[], { seen }: Over): void {
    this.hit.length = 0
    this.page.triage.on(asked, () => act(this.page, { kind: 'delete' }))
    if (this.hit.length === 0) return
    count.chosen += 1
    expect(this.hit).toEqual(seen)
  }
}

/** Another client. */
function edits({ server }: Scene, next: () => number): void {
  const ids = [...server.emails.keys()]
  const id = ids[Math.floor(next() * ids.length)] ?? ''
  if (next() < 0.6) server.deliver({ threadId: `n${server.emails.size}` })
  else if (next() < 0.5) server.update(id, { mailboxIds: { [next() < 0.5 ? 'trash' : 'inbox']: true } })
  else server.deliver({ threadId: server.emails.get(id)?.threadId ?? 'n' })
}

const KEYS = ['j', 'j', 'k', 's', 's', 'e', '#', 'x', 'o', 'u', 'U', 'J', 'z', ']', '[', 'Escape', 'c', 'r', 'r']

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'whatever arrives, leaves, opens and closes, a key acts on what is selected, else has the ring, else is open (%i)',
  async (seed) => {
    const next = randomFrom(seed)
    const server = new ModelServer()
    for (let number = 0; number < 8; number += 1) server.deliver({ threadId: `t${number}` })
    const scene = await opened(server)
    open.push(scene)
    const hands = new Hands(scene)
    hands.page.preferences.set({
      pane: next() < 0.8,
      after: (['older', 'newer', 'list'] as const)[Math.floor(next() * 3)] ?? 'list'
    })
    for (let turn = 0; turn < 30; turn += 1) await step(hands, scene, next)
  }
)

async function step(hands: Hands, scene: Scene, next: () => number): Promise<void> {
  const dice = next()
  const { page } = hands
  if (dice < 0.3) {
    await othersEdit(hands, scene, next)
  } else if (dice < 0.4) {
    page.mail.list?.hold(next() < 0.4)
  } else if (dice < 0.45) {
    vi.advanceTimersByTime(200)
  } else if (hands.isOver && next() < 0.5) {
    const meant = hands.endsOver(next() < 0.3)
    hands.follows()
    checkReturn(hands, meant)
  } else if (!hands.isOver) {
    if (dice < 0.52) hands.clicks(Math.floor(next() * 5))
    else if (dice < 0.54) hands.goesElsewhere()
    else if (dice < 0.56) hands.goesToReader()
    else if (dice < 0.6) hands.opensDialog()
    else presses(hands, KEYS[Math.floor(next() * KEYS.length)] ?? '')
  }
  hands.follows()
  await settled()
  hands.follows()
}

/** On a busy page a key that was pressed before is handled behind it. */
async function othersEdit(hands: Hands, scene: Scene, next: () => number): Promise<void> {
  const at = performance.now()
  const { seen, isOver } = hands
  edits(scene, next)
  if (next() < 0.7) await hint(scene)
  hands.follows()
  if (isOver || next() < 0.7) return
  hands.hit.length = 0
  const isLate = hands.page.cursor.isLate(at)
  hands.press('s', at)
  if (hands.hit.length > 0) expect(hands.hit).toEqual(seen)
  else if (isLate && !hands.isKept) count.late += 1
}

function presses(hands: Hands, key: string): void {
  const { seen } = hands
  const to = key === 'j' || key === 'k' ? rowBy(hands, key === 'j' ? 1 : -1) : undefined
  hands.hit.length = 0
  hands.press(key)
  if (hands.hit.length > 0) {
    count.hits += 1
    expect([key, hands.hit]).toEqual([key, [...seen]])
  }
  if (to === undefined || hands.isKept) return
  hands.follows()
  count.moves += 1
  expect([key, hands.page.cursor.current]).toEqual([key, to])
}

/** The conversation beside the current one, if there is one to which a key can move. */
function rowBy({ page }: Hands, by: 1 | -1): string | undefined {
  const { list } = page.mail
  const index = page.cursor.current === null ? undefined : list?.indexOf(page.cursor.current)
  return index === undefined ? undefined : list?.row(index + by)?.threadId
}

/** Unless it has left, and is not open, keys act on the same conversation as before. */
function checkReturn(hands: Hands, meant: readonly string[]): void {
  const { page, seen } = hands
  const [first] = meant
  if (first === undefined || page.triage.isSelecting) return
  const isThere = page.mail.list?.indexOf(first) !== undefined || page.threadId === first
  if (isThere) expect(meant).toContain(seen[0])
}

test('all of that happened', () => {
  for (const [what, times] of Object.entries(count)) expect(times, what).toBeGreaterThan(0)
})
