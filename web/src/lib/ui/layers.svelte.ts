/** Dialogs and popovers that are open over the page. On a phone Back closes the last of them. */
import { SvelteSet } from 'svelte/reactivity'

/** in the order in which they were opened */
const open = new SvelteSet<HTMLElement>()

/** For each `<dialog>` and each popover, as an attachment. */
export function layer(element: HTMLElement): () => void {
  const follow = (isOpen: boolean): unknown => (isOpen ? open.add(element) : open.delete(element))
  // A dialog tells of its closing only, and some browsers do so late.
  const observer = new MutationObserver(() => follow(element.hasAttribute('open')))
  if (element instanceof HTMLDialogElement) observer.observe(element, { attributeFilter: ['open'] })
  // `toggle` comes a task later: until then Back would close what lies below.
  else element.addEventListener('beforetoggle', ({ newState }) => follow(newState === 'open'))
  return () => {
    observer.disconnect()
    follow(false)
  }
}

export function layersOpen(): number {
  return open.size
}

/** False: none is open. */
export function closeLastLayer(): boolean {
  const last = [...open].at(-1)
  if (last instanceof HTMLDialogElement) last.close()
  else last?.hidePopover()
  return last !== undefined
}
