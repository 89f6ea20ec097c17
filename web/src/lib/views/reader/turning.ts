/** Whoever turns from the list to the reader means what it shows: keys act on that. */
import type { MailPage } from '#lib/state/page.svelte.ts'

function turn({ cursor, threadId }: MailPage): void {
  if (threadId !== undefined) cursor.current = threadId
}

/** A key was pressed in a message frame. Until the reader has followed the key before it, this one is about what comes. */
export function turnByKey(page: MailPage): void {
  if (!page.cursor.isFollowed) turn(page)
}

/** To be attached to the reader. */
export function turning(page: MailPage): (reader: HTMLElement) => () => void {
  const turned = (): void => turn(page)
  return (reader) => {
    const ends = new AbortController()
    const { signal } = ends
    reader.addEventListener('focusin', turned, { signal })
    reader.addEventListener('pointerdown', turned, { signal })
    // A message frame takes the focus from the window: no event of that is heard in the page.
    const turnIfThere = (): void => {
      if (reader.contains(document.activeElement)) turn(page)
    }
    const blurred = (): void => {
      turnIfThere()
      // A browser may say a moment later that the frame has the focus.
      setTimeout(turnIfThere)
    }
    addEventListener('blur', blurred, { signal })
    return () => ends.abort()
  }
}
