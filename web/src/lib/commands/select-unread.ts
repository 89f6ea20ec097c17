import type { Command } from '#lib/commands/command.ts'

export const selectUnread: Command = {
  name: 'selectUnread',
  group: 'select',
  keys: ['* u'],
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.triage.selectRows(({ unread }) => unread)
}
