import type { Command } from '#lib/commands/command.ts'
import { reply } from '#lib/commands/reply.ts'

export const forward: Command = {
  name: 'forward',
  group: 'write',
  keys: ['f'],
  when: (page) => reply.when(page),
  run: (page) => {
    const last = page.mail.reader.conversation?.messages.findLast((message) => !message.draft)
    if (last) page.reading.reply('forward', last)
  }
}
