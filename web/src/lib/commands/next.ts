import type { Command } from '#lib/commands/command.ts'

export const next: Command = {
  name: 'next',
  group: 'walk',
  keys: ['j'],
  repeats: true,
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.cursor.move(1)
}
