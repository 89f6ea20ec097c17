import type { Command } from '#lib/commands/command.ts'

export const reply: Command = {
  name: 'reply',
  group: 'write',
  keys: ['r'],
  when: (page) => Boolean(page.mail.reader.conversation?.messages.some((message) => !message.draft)),
  run: (page) => {
    const last = page.mail.reader.conversation?.messages.findLast((message) => !message.draft)
    if (last) page.reading.reply('reply', last)
  }
}
