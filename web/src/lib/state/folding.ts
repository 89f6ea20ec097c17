/** Which messages of a conversation are expanded at first, and which read ones fold into one line. */
import type { Message } from '#lib/state/mail.ts'

/** More read messages than this in a row become one line, "8 earlier messages". */
const FOLD_FROM = 7
/** Each expanded message is a frame of its own: a hundred of them at once would stall the page. */
const MOST_EXPANDED = 10

/** The last message and the unread ones, the newest ten at most. */
export function expandedAtFirst(messages: readonly Message[]): ReadonlySet<string> {
  const last = messages.at(-1)
  const open = messages.filter((message) => message === last || (message.unread && !message.draft))
  return new Set(open.slice(-MOST_EXPANDED).map((message) => message.id))
}

/** The messages of the conversation that are shown as one line: the range from `from` to before `to`; null for none. */
export function foldedRange(
  messages: readonly Message[],
  expanded: ReadonlySet<string>
): { readonly from: number; readonly to: number } | null {
  const firstExpanded = messages.findIndex((message) => expanded.has(message.id))
  // The first message and the one before the first expanded one stay: they say what it is about.
  const [from, to] = [1, (firstExpanded < 0 ? messages.length : firstExpanded) - 1]
  return to - from >= FOLD_FROM - 1 ? { from, to } : null
}
