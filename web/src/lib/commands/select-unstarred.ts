import type { Command } from '#lib/commands/command.ts'

export const selectUnstarred: Command = {
  name: 'selectUnstarred',
  group: 'select',
  keys: ['* t'],
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.triage.selectRows(({ starred }) => !starred)
}
