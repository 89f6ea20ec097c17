import type { Command } from '#lib/commands/command.ts'

export const goInbox: Command = {
  name: 'goInbox',
  group: 'walk',
  keys: ['g i'],
  when: (page) => page.mail.mailboxes.byRole('inbox') !== undefined,
  run: (page) => page.openPlace('inbox')
}
