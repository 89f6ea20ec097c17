import type { Command } from '#lib/commands/command.ts'
import { widenBy } from '#lib/commands/widen.ts'

export const widenOlder: Command = {
  name: 'widenOlder',
  group: 'select',
  keys: ['J'],
  isAboutReached: true,
  repeats: true,
  when: ({ cursor }) => cursor.listed !== undefined,
  run: (page) => widenBy(page, 1)
}
