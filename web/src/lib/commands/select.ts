/** Commands that select rows, by the keyboard and by what is true of them. */
import type { Command } from '#lib/commands/command.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'

/** The selection reaches to the row to which the keyboard moves; the row where it was is its anchor. */
function widenBy({ cursor, triage }: MailPage, by: 1 | -1): void {
  if (!triage.isSelecting && cursor.listed !== undefined) triage.toggle(cursor.listed)
  cursor.move(by, 'never')
  if (cursor.listed !== undefined) triage.widen(cursor.listed)
}

const select: Command = {
  name: 'select',
  group: 'select',
  keys: ['x'],
  isAboutReached: true,
  when: ({ cursor }) => cursor.listed !== undefined,
  run: ({ cursor, triage }) => {
    if (cursor.listed !== undefined) triage.toggle(cursor.listed)
  }
}

const widenOlder: Command = {
  name: 'widenOlder',
  group: 'select',
  keys: ['J'],
  isAboutReached: true,
  repeats: true,
  when: ({ cursor }) => cursor.listed !== undefined,
  run: (page) => widenBy(page, 1)
}

const widenNewer: Command = {
  name: 'widenNewer',
  group: 'select',
  keys: ['K'],
  isAboutReached: true,
  repeats: true,
  when: ({ cursor }) => cursor.listed !== undefined,
  run: (page) => widenBy(page, -1)
}

const selectAll: Command = {
  name: 'selectAll',
  group: 'select',
  keys: ['* a', 'Ctrl+a'],
  inList: true,
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.triage.selectRows()
}

const selectNone: Command = {
  name: 'selectNone',
  group: 'select',
  keys: ['* n'],
  when: (page) => page.triage.isSelecting,
  run: (page) => page.triage.end()
}

const selectRead: Command = {
  name: 'selectRead',
  group: 'select',
  keys: ['* r'],
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.triage.selectRows(({ unread }) => !unread)
}

const selectUnread: Command = {
  name: 'selectUnread',
  group: 'select',
  keys: ['* u'],
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.triage.selectRows(({ unread }) => unread)
}

const selectStarred: Command = {
  name: 'selectStarred',
  group: 'select',
  keys: ['* s'],
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.triage.selectRows(({ starred }) => starred)
}

const selectUnstarred: Command = {
  name: 'selectUnstarred',
  group: 'select',
  keys: ['* t'],
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.triage.selectRows(({ starred }) => !starred)
}

const endSelection: Command = {
  name: 'endSelection',
  group: 'select',
  keys: ['Escape'],
  when: (page) => page.triage.isSelecting,
  run: (page) => page.triage.end()
}

export const SELECT: readonly Command[] = [
  select,
  widenOlder,
  widenNewer,
  selectAll,
  selectNone,
  selectRead,
  selectUnread,
  selectStarred,
  selectUnstarred,
  endSelection
]
