import type { Command } from '#lib/commands/command.ts'

export const reply: Command = {
  keys: ['r'],
  when: (page) => Boolean(page.mail.reader.conversation?.messages.some((message) => !message.draft)),
  run: (page) => {
    page.answering = page.mail.reader.conversation?.messages.findLast((message) => !message.draft)?.id ?? null
  }
}
