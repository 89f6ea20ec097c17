/** Keys and drags of the fields of recipients. */
import type { Place } from '#lib/writing/state/recipient-lists.ts'

/** The type of what is dragged: a recipient's place. */
export const DRAGGED = 'application/x-postroom-recipient'

/** Whether a key ends the recipient that is typed. A space does not: names have some. Ctrl+Enter sends. */
export function takesText(
  { key, ctrlKey, metaKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>,
  text: string
): boolean {
  // In a name that is quoted they are a part of it: "Lindqvist, Mara".
  return (
    !ctrlKey && !metaKey && (key === 'Enter' || ((key === ',' || key === ';') && !/^\s*"(?:[^"\\]|\\.)*$/.test(text)))
  )
}

interface Drags {
  readonly isTaken: () => boolean
  readonly onover: (over: boolean) => void
  readonly ondrop: (from: Place) => void
}

/** Recipients may be dropped there. */
export function takesDrags({ isTaken, onover, ondrop }: Drags): (node: HTMLElement) => () => void {
  return (node) => {
    const ends = new AbortController()
    const { signal } = ends
    node.addEventListener(
      'dragover',
      (event) => {
        if (!isTaken() || !event.dataTransfer?.types.includes(DRAGGED)) return
        event.preventDefault()
        onover(true)
      },
      { signal }
    )
    node.addEventListener('dragleave', () => onover(false), { signal })
    node.addEventListener(
      'drop',
      (event) => {
        onover(false)
        const from = event.dataTransfer?.getData(DRAGGED)
        if (!from) return
        event.preventDefault()
        ondrop(JSON.parse(from) as Place)
      },
      { signal }
    )
    return () => ends.abort()
  }
}

/** Behind many recipients, the cursor is in view. */
export function endInView(list: HTMLElement, isLong: boolean): void {
  if (isLong && list.querySelector('input:focus')) list.scrollTop = list.scrollHeight
}

/** Whether a key leads to the chips before the text of the field. */
export function leadsBack(key: string, field: HTMLInputElement): boolean {
  const back = getComputedStyle(field).direction === 'rtl' ? 'ArrowRight' : 'ArrowLeft'
  return [back, 'Backspace'].includes(key) && field.selectionStart === 0 && field.selectionEnd === 0
}
