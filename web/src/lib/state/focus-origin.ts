/** Where the focus was before a window took it, and where it goes when the window ends. */
import type { Cursor } from '#lib/state/cursor.svelte.ts'
import type { Mail } from '#lib/state/mail.ts'

/** By the id of a conversation: the row that had the focus may show another one by the end. */
export interface FocusOrigin {
  readonly place: 'row' | 'reader' | 'elsewhere' | 'nowhere'
  /** in which conversation, or at which one the keyboard was */
  readonly threadId: string | undefined
}

interface Page {
  readonly cursor: Cursor
  readonly mail: Pick<Mail, 'list'>
  readonly threadId: string | undefined
}

/** `row`: the conversation of the row in which the focus is. */
export function originOf(page: Page, place: FocusOrigin['place'], row?: string): FocusOrigin {
  const { cursor, threadId } = page
  return { place, threadId: row ?? (place === 'reader' ? threadId : cursor.reached) }
}

/**
 * Leads the keyboard back, and says where the focus goes: to a row, which the list does by itself, to the element that had
 * it, or to a heading. `isThere`: that element is still in the page.
 */
export function returnTo(
  page: Page,
  { place, threadId }: FocusOrigin,
  isThere: boolean
): 'element' | 'row' | 'heading' {
  const { cursor, mail, threadId: open } = page
  if (isThere && place === 'elsewhere') return 'element'
  if (isThere && place === 'reader' && threadId === open) return 'element'
  for (const id of [threadId, open, cursor.current]) {
    if (typeof id !== 'string') continue
    if (cursor.isShown && mail.list?.indexOf(id) !== undefined) {
      cursor.goTo(id)
      return 'row'
    }
    if (id === open) break
  }
  return 'heading'
}
