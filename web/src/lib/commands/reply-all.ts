import type { Command } from '#lib/commands/command.ts'

export const replyAll: Command = {
  name: 'replyAll',
  group: 'write',
  keys: ['a'],
  when: (page) => Boolean(page.mail.reader.conversation?.messages.some((message) => !message.draft)),
  run: (page) => {
    const last = page.mail.reader.conversation?.messages.findLast((message) => !message.draft)
    if (last) page.reply('replyAll', last)
  }
}
