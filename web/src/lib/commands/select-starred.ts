import type { Command } from '#lib/commands/command.ts'

export const selectStarred: Command = {
  name: 'selectStarred',
  group: 'select',
  keys: ['* s'],
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.triage.selectRows(({ starred }) => starred)
}
