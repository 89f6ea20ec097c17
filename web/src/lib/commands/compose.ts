import type { Command } from '#lib/commands/command.ts'

export const compose: Command = {
  name: 'compose',
  group: 'write',
  keys: ['c'],
  when: () => true,
  run: (page) => page.writing.start({ kind: 'new' })
}
