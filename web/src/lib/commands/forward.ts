import type { Command } from '#lib/commands/command.ts'

export const forward: Command = {
  name: 'forward',
  group: 'write',
  keys: ['f'],
  when: (page) => Boolean(page.mail.reader.conversation?.messages.some((message) => !message.draft)),
  run: (page) => {
    const last = page.mail.reader.conversation?.messages.findLast((message) => !message.draft)
    if (last) page.reply('forward', last)
  }
}
