import type { Command } from '#lib/commands/command.ts'

export const goSent: Command = {
  name: 'goSent',
  group: 'walk',
  keys: ['g t'],
  when: (page) => page.mail.mailboxes.byRole('sent') !== undefined,
  run: (page) => page.openPlace('sent')
}
