import type { Command } from '#lib/commands/command.ts'
import { widenBy } from '#lib/commands/widen.ts'

export const widenNewer: Command = {
  name: 'widenNewer',
  group: 'select',
  keys: ['K'],
  repeats: true,
  when: ({ mail, cursor }) => Boolean(mail.list?.total) && cursor.current !== null,
  run: (page) => widenBy(page, -1)
}
