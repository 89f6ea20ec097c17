/** What fingers do in the list: swipe a row, rest on it, pull the list down. Each can be done without them, too. */
import { act } from '#lib/actions/state/act.ts'
import type { Action, Row } from '#lib/state/mail.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import {
  directionOf,
  LONG_PRESS,
  pullOf,
  speedOf,
  startsAtEdge,
  swipeOf,
  type Point,
  type Side
} from '#lib/ui/gesture.ts'
import type { IconName } from '#lib/ui/icons.ts'
import SwipeUnder from '#lib/views/list/SwipeUnder.svelte'
import { hearTouches, type Touch } from '#lib/views/list/touch.ts'
import type { ActionWords } from '#lib/words/parts.ts'
import { mount, unmount } from 'svelte'

interface Outcome {
  readonly icon: IconName
  readonly word: string
  readonly action: Action
}

type Words = () => ActionWords

/** Milliseconds after which nobody expects a gesture to do something that did nothing at first. */
const EXPECTED = 2_000

/** What a swipe of this row does; null if nothing. */
function outcomeOf(side: Side, row: Row, page: MailPage, { short, commands }: ActionWords): Outcome | null {
  const does = page.preferences.chosen[side === 'end' ? 'swipeEnd' : 'swipeStart']
  if (does === 'nothing') return null
  if (does === 'archive') {
    if (page.mailbox?.role === 'archive') return null
    return { icon: 'archive', word: short.archive, action: { kind: 'archive' } }
  }
  if (does === 'delete') {
    if (page.mailbox?.role === 'trash') return null
    return { icon: 'trash', word: short.delete, action: { kind: 'delete' } }
  }
  if (does === 'star') return { icon: 'star', word: commands.star, action: { kind: 'star', on: !row.starred } }
  return row.unread
    ? { icon: 'mail-open', word: short.read, action: { kind: 'read', on: true } }
    : { icon: 'mail', word: short.unread, action: { kind: 'read', on: false } }
}

/** A row under a finger that goes across. */
class SwipedRow {
  readonly #element: HTMLElement
  readonly #row: Row
  readonly #page: MailPage
  readonly #words: Words
  readonly #rtl: boolean
  readonly #shown = $state<{ shown: { icon: IconName; word: string; side: Side; armed: boolean } | null }>({
    shown: null
  })
  readonly #under: Record<string, unknown>
  #outcome: Outcome | null = null

  constructor(element: HTMLElement, row: Row, page: MailPage, words: Words) {
    this.#element = element
    this.#row = row
    this.#page = page
    this.#words = words
    this.#rtl = getComputedStyle(element).direction === 'rtl'
    this.#under = mount(SwipeUnder, {
      target: element.parentElement ?? element,
      anchor: element,
      props: this.#shown
    })
  }

  moved(way: readonly Point[]): void {
    const [from, to] = [way[0], way.at(-1)]
    if (!from || !to) return
    const { by, to: side, armed } = swipeOf(from, to, speedOf(way), this.#rtl)
    const outcome = side && outcomeOf(side, this.#row, this.#page, this.#words())
    this.#element.style.transform = `translateX(${by}px)`
    this.#shown.shown = side && outcome ? { icon: outcome.icon, word: outcome.word, side, armed } : null
    this.#outcome = armed ? outcome : null
  }

  /** `done`: the finger left; else the browser took it away. */
  ended(done: boolean): void {
    const outcome = done ? this.#outcome : null
    const { style } = this.#element
    const rest = (): void => {
      style.transition = ''
      void unmount(this.#under)
    }
    style.transform = ''
    if (outcome) {
      rest()
      act(this.#page, outcome.action, { threadIds: [this.#row.threadId] })
      return
    }
    style.transition = 'transform var(--time-drawer) var(--ease)'
    setTimeout(rest, 220)
  }
}

/** `early`: what the last finger did before. */
export function touching(region: HTMLElement, page: MailPage, words: Words, early: readonly Touch[]): () => void {
  const events = new AbortController()
  const fingers = new Fingers(region, page, words)
  hearTouches(region, events.signal, (touch) => fingers.hear(touch))
  // The browser's menu of a long press, and the press that would follow.
  const still = (event: Event): void => {
    if (event.type === 'contextmenu' || fingers.rested) event.preventDefault()
    if (event.type === 'click' && fingers.rested) event.stopPropagation()
  }
  region.addEventListener('contextmenu', still, { signal: events.signal })
  region.addEventListener('click', still, { signal: events.signal, capture: true })
  // Not within the effect that calls this: what a gesture does is drawn by effects of its own.
  if (isExpected(early)) queueMicrotask(() => early.forEach((touch) => fingers.hear(touch)))
  return () => {
    fingers.end(false)
    events.abort()
  }
}

/** The end of an older one may not have been heard: a row that is removed takes the events of its finger with it. */
function isExpected(early: readonly Touch[]): boolean {
  const last = early.at(-1)?.event
  return last !== undefined && performance.now() - last.timeStamp < EXPECTED
}

class Fingers {
  readonly #region: HTMLElement
  readonly #page: MailPage
  readonly #words: Words
  #element: HTMLElement | null = null
  /** the conversation that was touched: its row may be another one's by now */
  #thread: string | undefined
  #way: Point[] = []
  #doing: SwipedRow | 'pull' | 'drawer' | 'other' | null = null
  #resting: ReturnType<typeof setTimeout> | undefined
  /** a long press has selected the row */
  rested = false

  constructor(region: HTMLElement, page: MailPage, words: Words) {
    this.#region = region
    this.#page = page
    this.#words = words
  }

  hear(touch: Touch): void {
    const { type } = touch.event
    if (type === 'touchstart') this.#start(touch)
    else if (type === 'touchmove') this.#move(touch.event)
    else this.end(type === 'touchend')
  }

  #start({ event: { touches, target, timeStamp }, threadId }: Touch): void {
    this.end(false)
    const [touch] = touches
    this.rested = false
    if (touches.length !== 1 || !touch) return
    this.#element = target instanceof Element ? target.closest<HTMLElement>('[data-thread]') : null
    this.#way = [{ x: touch.clientX, y: touch.clientY, time: timeStamp }]
    this.#thread = threadId
    if (threadId === undefined) return
    const rest = (): void => {
      this.rested = true
      this.#doing = 'other'
      this.#page.triage.toggle(threadId)
    }
    this.#resting = setTimeout(rest, timeStamp + LONG_PRESS - performance.now())
  }

  #move({ touches, timeStamp }: TouchEvent): void {
    const [touch] = touches
    const [from] = this.#way
    if (!touch || !from) return
    this.#way.push({ x: touch.clientX, y: touch.clientY, time: timeStamp })
    this.#doing ??= this.#begun(from)
    if (this.#doing instanceof SwipedRow) this.#doing.moved(this.#way)
    else if (this.#doing === 'pull') this.#pulled(false)
  }

  end(done: boolean): void {
    clearTimeout(this.#resting)
    if (this.#doing instanceof SwipedRow) this.#doing.ended(done)
    else if (this.#doing === 'pull') this.#pulled(true, done)
    else if (this.#doing === 'drawer' && done) this.#drawn()
    this.#doing = null
    this.#way = []
  }

  #begun(from: Point): SwipedRow | 'pull' | 'drawer' | 'other' | null {
    const to = this.#way.at(-1)
    const direction = to && directionOf(from, to)
    if (!direction) return null
    clearTimeout(this.#resting)
    if (direction === 'along') {
      const atTop = this.#region.querySelector('[role="grid"]')?.scrollTop === 0
      return atTop && to.y > from.y ? 'pull' : 'other'
    }
    if (startsAtEdge(from, innerWidth, this.#isRtl())) return 'drawer'
    const row = this.#element && this.#rowOf(this.#element)
    // Whoever selects does not swipe.
    if (!this.#element || !row || this.#page.triage.isSelecting) return 'other'
    return new SwipedRow(this.#element, row, this.#page, this.#words)
  }

  #rowOf({ dataset }: HTMLElement): Row | undefined {
    const { list } = this.#page.mail
    const index = this.#thread === undefined ? undefined : list?.indexOf(this.#thread)
    return index === undefined || dataset['thread'] !== this.#thread ? undefined : list?.row(index)
  }

  #isRtl(): boolean {
    return getComputedStyle(this.#region).direction === 'rtl'
  }

  /** A swipe from the edge of the screen opens the drawer. */
  #drawn(): void {
    const [from, to] = [this.#way[0], this.#way.at(-1)]
    const swipe = from && to && swipeOf(from, to, speedOf(this.#way), this.#isRtl())
    if (swipe?.to === 'end' && swipe.armed) this.#page.drawer = true
  }

  /** The list follows the finger, and goes back; far enough, it asks for new mail. */
  #pulled(ends: boolean, done = false): void {
    const [from, to] = [this.#way[0], this.#way.at(-1)]
    const pull = from && to ? pullOf(from, to) : { by: 0, armed: false }
    const grid = this.#region.querySelector<HTMLElement>('[role="grid"]')
    if (grid) {
      grid.style.transition = ends ? 'transform var(--time-drawer) var(--ease)' : ''
      grid.style.transform = ends || pull.by === 0 ? '' : `translateY(${pull.by}px)`
    }
    if (ends && done && pull.armed) this.#page.mail.list?.tryAgain()
  }
}
