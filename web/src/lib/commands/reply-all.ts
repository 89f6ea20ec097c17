import type { Command } from '#lib/commands/command.ts'
import { reply } from '#lib/commands/reply.ts'

export const replyAll: Command = {
  name: 'replyAll',
  group: 'write',
  keys: ['a'],
  when: (page) => reply.when(page),
  run: (page) => {
    const last = page.mail.reader.conversation?.messages.findLast((message) => !message.draft)
    if (last) page.reading.reply('replyAll', last)
  }
}
