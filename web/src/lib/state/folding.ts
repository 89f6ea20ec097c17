/** Which read messages of a conversation fold into one line. */
import type { Message } from '#lib/state/mail.ts'

/** More read messages than this in a row become one line, "8 earlier messages". */
const FOLD_FROM = 7

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
