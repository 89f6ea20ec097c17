import type { Command } from '#lib/commands/command.ts'

export const undo: Command = {
  name: 'undo',
  group: 'sort',
  keys: ['z', 'Ctrl+z'],
  when: (page) => page.notices.canUndo,
  run: (page) => page.notices.undoLast()
}
