/** Keys that are pressed in the page, or in a message frame. */
import { ALL } from '#lib/commands/all.ts'
import { Keyboard, type Key } from '#lib/commands/keyboard.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { hasOwnKeys } from '#lib/ui/own-keys.ts'
import { stepOf } from '#lib/views/list/steps.ts'
import { keepsData, keepsKey } from '#lib/views/mail/early.ts'
import { goToPane } from '#lib/views/mail/panes.ts'

const made = new WeakMap<MailPage, Keyboard>()

export function keyboardOf(page: MailPage): Keyboard {
  const keyboard = made.get(page) ?? new Keyboard(page, ALL)
  made.set(page, keyboard)
  return keyboard
}

/** The page is behind a dialog, or behind a window of writing that covers it: nobody sees on what a key would act. */
const BEHIND = 'dialog[open], .page[inert]'

/** In a message frame nobody writes. */
export function framedKey(key: string, shiftKey: boolean, ctrlKey: boolean): Key {
  const at = performance.now()
  return { key, at, shiftKey, ctrlKey, metaKey: false, altKey: false, repeat: false, typing: false, inList: false }
}

/** What is pressed, pasted or dropped in the page; returns how to end it. */
export function listen(page: MailPage): () => void {
  const ends = new AbortController()
  const { signal } = ends
  const first = { capture: true, signal }
  addEventListener('keydown', (event) => keepKey(event, page), first)
  addEventListener('paste', (event) => keepData(event, page), first)
  addEventListener('drop', (event) => keepData(event, page), first)
  addEventListener('dragover', (event) => letDrop(event, page), first)
  addEventListener('keydown', (event) => onPageKey(event, page), { signal })
  return () => ends.abort()
}

/** Runs before lists and buttons see the key: a space that is meant for what still loads must select no row. */
export function keepKey(event: KeyboardEvent, { early }: MailPage): void {
  if (!hasOwnKeys(event.target)) keepsKey(event, early)
}

/** The same for what is pasted or dropped. A browser would open a file that nothing takes. */
export function keepData(event: ClipboardEvent | DragEvent, { early }: MailPage): void {
  if (!hasOwnKeys(event.target)) keepsData(event, early)
}

/** Where nothing takes what is dragged, it cannot be dropped. */
function letDrop(event: DragEvent, { early }: MailPage): void {
  if (early.isWaiting && !hasOwnKeys(event.target)) event.preventDefault()
}

export function onPageKey(event: KeyboardEvent, page: MailPage): void {
  if (event.defaultPrevented || page.away) return
  const target = event.target instanceof HTMLElement ? event.target : null
  const isSeen = document.querySelector(BEHIND) === null
  if (goes(event, target) || (isSeen && (moves(event, target, page) || runs(event, target, page))))
    event.preventDefault()
}

/** F6 works wherever the focus is. */
function goes({ key, shiftKey }: KeyboardEvent, target: HTMLElement | null): boolean {
  if (key !== 'F6' || target?.closest('dialog[open]')) return false
  goToPane(shiftKey ? -1 : 1)
  return true
}

/** The keys of the list work while the focus is nowhere: after a load, and at the heading. */
function moves(event: KeyboardEvent, target: HTMLElement | null, page: MailPage): boolean {
  const step = page.threadId === undefined && target?.matches('body, h1') ? stepOf(event) : undefined
  if (step !== undefined) page.cursor.move(step, 'never')
  return step !== undefined
}

function runs(event: KeyboardEvent, target: HTMLElement | null, page: MailPage): boolean {
  // Enter on a button or a link presses it.
  if (event.key === 'Enter' && target?.closest('button, a')) return false
  const { key, timeStamp: at, shiftKey, ctrlKey, metaKey, altKey, repeat } = event
  const typing = hasOwnKeys(target)
  const inList = !target || target.matches('body, h1') || target.closest('[role="grid"]') !== null
  return keyboardOf(page).press({ key, at, shiftKey, ctrlKey, metaKey, altKey, repeat, typing, inList })
}
