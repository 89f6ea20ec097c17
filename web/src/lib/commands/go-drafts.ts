import type { Command } from '#lib/commands/command.ts'

export const goDrafts: Command = {
  name: 'goDrafts',
  group: 'walk',
  keys: ['g d'],
  when: (page) => page.mail.mailboxes.byRole('drafts') !== undefined,
  run: (page) => page.openPlace('drafts')
}
