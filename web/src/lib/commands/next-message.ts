import type { Command } from '#lib/commands/command.ts'
import { goToMessage } from '#lib/commands/message-focus.ts'

export const nextMessage: Command = {
  name: 'nextMessage',
  group: 'walk',
  keys: ['n'],
  repeats: true,
  when: (page) => (page.mail.reader.conversation?.messages.length ?? 0) > 1,
  run: () => goToMessage(1)
}
