/** Commands that sort: they change the conversations that they hit, and take that back. */
import { act } from '#lib/actions/state/act.ts'
import { type Command, canMove, hits } from '#lib/commands/command.ts'
import type { Action } from '#lib/state/mail.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'

export const archive: Command = {
  name: 'archive',
  group: 'sort',
  keys: ['e'],
  when: (page) => canMove(page) && page.mailbox?.role !== 'archive',
  run: (page) => act(page, { kind: 'archive' })
}

export const remove: Command = {
  name: 'delete',
  group: 'sort',
  keys: ['#', 'Delete'],
  when: canMove,
  run: (page) => act(page, { kind: page.mailbox?.role === 'trash' ? 'destroy' : 'delete' })
}

export const spam: Command = {
  name: 'spam',
  group: 'sort',
  keys: ['!'],
  when: canMove,
  run: (page) => act(page, { kind: 'spam', on: page.mailbox?.role !== 'junk' })
}

export const star: Command = {
  name: 'star',
  group: 'sort',
  keys: ['s'],
  when: hits,
  run: (page) => act(page, { kind: 'star', on: !page.triage.areAll(({ starred }) => starred) })
}

export const move: Command = {
  name: 'move',
  group: 'sort',
  keys: ['v'],
  when: canMove,
  run: (page) => page.triage.ask('move')
}

export const label: Command = {
  name: 'label',
  group: 'sort',
  keys: ['l'],
  when: hits,
  run: (page) => page.triage.ask('label')
}

/** Out of what the list shows: off goes its label or its star, and from a mailbox it goes to the archive. */
function outOf({ view, mailbox }: MailPage): Action | null {
  if (view?.kind === 'label') return { kind: 'label', keyword: view.keyword, on: false }
  if (view?.kind === 'starred') return { kind: 'star', on: false }
  return mailbox && mailbox.role !== 'archive' ? { kind: 'archive' } : null
}

const takeOut: Command = {
  name: 'takeOut',
  group: 'sort',
  keys: ['y'],
  when: (page) => hits(page) && outOf(page) !== null,
  run: (page) => {
    const action = outOf(page)
    if (action) act(page, action)
  }
}

export const read: Command = {
  name: 'read',
  group: 'sort',
  keys: ['I'],
  when: hits,
  run: (page) => act(page, { kind: 'read', on: true })
}

export const unread: Command = {
  name: 'unread',
  group: 'sort',
  keys: ['U'],
  when: hits,
  run: (page) => act(page, { kind: 'read', on: false })
}

const archiveNewer: Command = {
  name: 'archiveNewer',
  group: 'sort',
  keys: ['['],
  when: (page) => canMove(page) && page.mailbox?.role !== 'archive',
  run: (page) => act(page, { kind: 'archive' }, { way: 'newer' })
}

const archiveOlder: Command = {
  name: 'archiveOlder',
  group: 'sort',
  keys: [']'],
  when: (page) => canMove(page) && page.mailbox?.role !== 'archive',
  run: (page) => act(page, { kind: 'archive' }, { way: 'older' })
}

export const more: Command = {
  name: 'more',
  group: 'sort',
  keys: ['.'],
  when: hits,
  run: (page) => page.triage.ask('more')
}

const isRunning = ({ mail }: MailPage): boolean => mail.actions.bulk?.state === 'running'

export const undo: Command = {
  name: 'undo',
  group: 'sort',
  keys: ['z', 'Ctrl+z'],
  when: (page) => page.notices.canUndo || isRunning(page),
  run(page) {
    if (!isRunning(page)) page.notices.undoLast()
    else {
      // What runs was done last: an older action is not meant.
      page.mail.actions.bulk?.stop()
      page.mail.actions.bulk?.undo?.()
    }
  }
}

export const SORT: readonly Command[] = [
  archive,
  remove,
  spam,
  star,
  move,
  label,
  takeOut,
  read,
  unread,
  archiveNewer,
  archiveOlder,
  more,
  undo
]
