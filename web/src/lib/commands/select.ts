import type { Command } from '#lib/commands/command.ts'

export const select: Command = {
  name: 'select',
  group: 'select',
  keys: ['x'],
  when: (page) => page.cursor.current !== null,
  run: ({ cursor, triage }) => {
    if (cursor.current !== null) triage.toggle(cursor.current)
  }
}
