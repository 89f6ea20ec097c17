import type { Command } from '#lib/commands/command.ts'

export const selectRead: Command = {
  name: 'selectRead',
  group: 'select',
  keys: ['* r'],
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.triage.selectRows(({ unread }) => !unread)
}
