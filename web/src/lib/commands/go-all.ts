import type { Command } from '#lib/commands/command.ts'

export const goAll: Command = {
  name: 'goAll',
  group: 'walk',
  keys: ['g a'],
  when: () => true,
  run: (page) => page.openPlace('all')
}
