import type { Command } from '#lib/commands/command.ts'

export const goStarred: Command = {
  name: 'goStarred',
  group: 'walk',
  keys: ['g s'],
  when: () => true,
  run: (page) => page.openPlace('starred')
}
