import type { Command } from '#lib/commands/command.ts'

export const next: Command = {
  keys: ['j'],
  when: (page) => Boolean(page.mail.list?.total),
  run: (page) => page.move(1)
}
