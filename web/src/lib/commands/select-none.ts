import type { Command } from '#lib/commands/command.ts'

export const selectNone: Command = {
  name: 'selectNone',
  group: 'select',
  keys: ['* n'],
  when: (page) => page.triage.isSelecting,
  run: (page) => page.triage.end()
}
