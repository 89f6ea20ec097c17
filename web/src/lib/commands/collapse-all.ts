import type { Command } from '#lib/commands/command.ts'

export const collapseAll: Command = {
  name: 'collapseAll',
  group: 'walk',
  keys: [':'],
  when: (page) => (page.mail.reader.conversation?.messages.length ?? 0) > 1,
  run: (page) => page.reading.expandAll(false)
}
