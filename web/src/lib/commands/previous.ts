import type { Command } from '#lib/commands/command.ts'

export const previous: Command = {
  name: 'previous',
  group: 'walk',
  keys: ['k'],
  repeats: true,
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.cursor.move(-1)
}
