import { hits, type Command } from '#lib/commands/command.ts'
import { act } from '#lib/actions/state/act.ts'
import type { Action } from '#lib/state/mail.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'

/** Out of what the list shows: off goes its label or its star, and from a mailbox it goes to the archive. */
function outOf({ view, mailbox }: MailPage): Action | null {
  if (view?.kind === 'label') return { kind: 'label', keyword: view.keyword, on: false }
  if (view?.kind === 'starred') return { kind: 'star', on: false }
  return mailbox && mailbox.role !== 'archive' ? { kind: 'archive' } : null
}

export const takeOut: Command = {
  name: 'takeOut',
  group: 'sort',
  keys: ['y'],
  when: (page) => hits(page) && outOf(page) !== null,
  run: (page) => {
    const action = outOf(page)
    if (action) act(page, action)
  }
}
