/** Rows are dragged to a mailbox or a label of the sidebar. Escape ends it, as the browser does it. */
import { act } from '#lib/actions/state/act.ts'
import type { Action } from '#lib/state/mail.ts'
import { moveTo } from '#lib/actions/state/move-to.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import type { ActionWords } from '#lib/words/parts.ts'

const TARGETS = '[data-mailbox], [data-label]'
/** A type of our own: no text and no file that is dragged here counts as a conversation. */
const TYPE = 'application/x-postroom-conversations'

/** What is done to conversations that are dropped there; null where they cannot be. Alt only adds a label. */
function actionAt({ mailbox, label }: DOMStringMap, page: MailPage, alt: boolean): Action | null {
  if (label !== undefined) return { kind: 'label', keyword: label, on: true }
  return mailbox === undefined || alt ? null : moveTo(mailbox, page.mail)
}

export function dragging(region: HTMLElement, page: MailPage, words: () => ActionWords): () => void {
  let dragged: readonly string[] = []
  let over: HTMLElement | null = null
  const events = new AbortController()
  const listen = (to: EventTarget, name: string, work: (event: DragEvent) => void): void =>
    to.addEventListener(name, work as EventListener, { signal: events.signal })

  function aim(target: HTMLElement | null): void {
    over?.removeAttribute('data-drop')
    over = target
    over?.setAttribute('data-drop', '')
  }

  listen(region, 'dragstart', (event) => {
    dragged = draggedBy(event, page)
    if (dragged.length === 0 || !event.dataTransfer) return
    event.dataTransfer.setData(TYPE, String(dragged.length))
    event.dataTransfer.effectAllowed = 'copyMove'
    showImage(event.dataTransfer, words().dragged(dragged.length))
  })
  listen(document, 'dragover', (event) => {
    if (dragged.length === 0 || !event.dataTransfer?.types.includes(TYPE)) return
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>(TARGETS) : null
    const action = target && actionAt(target.dataset, page, event.altKey)
    aim(action ? target : null)
    if (!action) return
    event.preventDefault()
    event.dataTransfer.dropEffect = action.kind === 'label' ? 'copy' : 'move'
  })
  listen(document, 'drop', (event) => {
    const action = over && actionAt(over.dataset, page, event.altKey)
    if (!action) return
    event.preventDefault()
    act(page, action, { threadIds: dragged })
  })
  listen(document, 'dragend', () => {
    aim(null)
    dragged = []
  })
  return () => events.abort()
}

/** All that are selected, if the row that is dragged is one of them. */
function draggedBy({ target }: Event, { triage }: MailPage): readonly string[] {
  const thread = target instanceof Element ? target.closest<HTMLElement>('[data-thread]')?.dataset['thread'] : undefined
  if (thread === undefined) return []
  return triage.selection.ids.has(thread) ? triage.targets : [thread]
}

/** The image beside the pointer. The browser copies it at once, for which it must be in the page, out of sight. */
function showImage(transfer: DataTransfer, text: string): void {
  const image = document.createElement('div')
  image.className = 'drag-image'
  image.textContent = text
  document.body.append(image)
  transfer.setDragImage(image, -12, -12)
  setTimeout(() => image.remove())
}
