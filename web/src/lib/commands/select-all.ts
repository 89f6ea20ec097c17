import type { Command } from '#lib/commands/command.ts'

export const selectAll: Command = {
  name: 'selectAll',
  group: 'select',
  keys: ['* a', 'Ctrl+a'],
  inList: true,
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.triage.selectRows()
}
