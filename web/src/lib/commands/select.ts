import type { Command } from '#lib/commands/command.ts'

export const select: Command = {
  name: 'select',
  group: 'select',
  keys: ['x'],
  isAboutReached: true,
  when: ({ cursor }) => cursor.listed !== undefined,
  run: ({ cursor, triage }) => {
    if (cursor.listed !== undefined) triage.toggle(cursor.listed)
  }
}
