import type { Command } from '#lib/commands/command.ts'

export const search: Command = {
  name: 'search',
  group: 'walk',
  keys: ['/'],
  when: () => true,
  run: (page) => page.searching.call()
}
