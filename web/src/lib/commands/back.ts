import type { Command } from '#lib/commands/command.ts'

export const back: Command = {
  name: 'back',
  group: 'walk',
  keys: ['u'],
  when: (page) => page.threadId !== undefined,
  run: (page) => page.closeConversation()
}
