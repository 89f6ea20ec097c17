import type { Command } from '#lib/commands/command.ts'
import { widenBy } from '#lib/commands/widen.ts'

export const widenNewer: Command = {
  name: 'widenNewer',
  group: 'select',
  keys: ['K'],
  isAboutReached: true,
  repeats: true,
  when: ({ cursor }) => cursor.listed !== undefined,
  run: (page) => widenBy(page, -1)
}
