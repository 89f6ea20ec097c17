import type { Command } from '#lib/commands/command.ts'

export const expandAll: Command = {
  name: 'expandAll',
  group: 'walk',
  keys: [';'],
  when: (page) => (page.mail.reader.conversation?.messages.length ?? 0) > 1,
  run: (page) => page.reading.expandAll(true)
}
