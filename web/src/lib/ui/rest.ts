import type { Attachment } from 'svelte/attachments'

/** Milliseconds; a pointer that crosses an element does not rest on it. */
const REST = 60

/** Call when the pointer rests on the element. */
export function onRest(work: () => void): Attachment<HTMLElement> {
  return (element) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const leave = (): void => clearTimeout(timer)
    const enter = (): void => {
      timer = setTimeout(work, REST)
    }
    element.addEventListener('pointerenter', enter)
    element.addEventListener('pointerleave', leave)
    return () => {
      leave()
      element.removeEventListener('pointerenter', enter)
      element.removeEventListener('pointerleave', leave)
    }
  }
}
