import type { Command } from '#lib/commands/command.ts'

export const endSelection: Command = {
  name: 'endSelection',
  group: 'select',
  keys: ['Escape'],
  when: (page) => page.triage.isSelecting,
  run: (page) => page.triage.end()
}
