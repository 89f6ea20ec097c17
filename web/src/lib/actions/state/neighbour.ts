/** Which conversation follows those that leave the list. */
import type { ConversationList } from '#lib/state/conversation-list.svelte.ts'

/** Which way the person goes on. */
export type Way = 'newer' | 'older'

/** The nearest loaded conversation on this way from `threadId`, else on the other one; undefined if none stays. */
export function neighbourOf(
  list: Pick<ConversationList, 'row' | 'indexOf' | 'total'>,
  threadId: string,
  leaving: ReadonlySet<string>,
  way: Way = 'older'
): string | undefined {
  const from = list.indexOf(threadId)
  if (from === undefined) return undefined
  const step = way === 'older' ? 1 : -1
  return nearest(list, from, step, leaving) ?? nearest(list, from, -step, leaving)
}

function nearest(
  list: Pick<ConversationList, 'row' | 'total'>,
  from: number,
  step: number,
  leaving: ReadonlySet<string>
): string | undefined {
  for (let index = from + step; index >= 0 && index < (list.total ?? 0); index += step) {
    const row = list.row(index)
    // Below a gap nobody knows who is next.
    if (!row) return undefined
    if (!leaving.has(row.threadId)) return row.threadId
  }
  return undefined
}
