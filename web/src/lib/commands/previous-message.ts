import type { Command } from '#lib/commands/command.ts'
import { goToMessage } from '#lib/commands/message-focus.ts'

export const previousMessage: Command = {
  name: 'previousMessage',
  group: 'walk',
  keys: ['p'],
  repeats: true,
  when: (page) => (page.mail.reader.conversation?.messages.length ?? 0) > 1,
  run: () => goToMessage(-1)
}
