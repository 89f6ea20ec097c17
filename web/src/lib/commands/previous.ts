import type { Command } from '#lib/commands/command.ts'

export const previous: Command = {
  keys: ['k'],
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.move(-1)
}
