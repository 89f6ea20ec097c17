import { hits, type Command } from '#lib/commands/command.ts'
import { act } from '#lib/state/act.ts'
import type { Action, ConversationList } from '#lib/state/mail.ts'

/** Out of what the list shows: off goes its label or its star, and from a mailbox it goes to the archive. */
function outOf(list: ConversationList | null): Action | null {
  if (list?.mailboxId) return { kind: 'archive' }
  const keyword = list?.filter && 'hasKeyword' in list.filter ? list.filter.hasKeyword : undefined
  if (keyword === '$flagged') return { kind: 'star', on: false }
  return keyword === undefined ? null : { kind: 'label', keyword, on: false }
}

export const takeOut: Command = {
  name: 'takeOut',
  group: 'sort',
  keys: ['y'],
  when: (page) => hits(page) && outOf(page.mail.list) !== null,
  run: (page) => {
    const action = outOf(page.mail.list)
    if (action) act(page, action)
  }
}
