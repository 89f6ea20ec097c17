import type { Command } from '#lib/commands/command.ts'

export const open: Command = {
  name: 'open',
  group: 'walk',
  keys: ['o', 'Enter'],
  when: ({ cursor, threadId }) => cursor.current !== null && cursor.current !== threadId,
  run: (page) => (page.cursor.current === null ? undefined : page.openConversation(page.cursor.current))
}
