import type { Command } from '#lib/commands/command.ts'

export const undo: Command = {
  keys: ['z'],
  when: (page) => page.notices.canUndo,
  run: (page) => page.notices.undoLast()
}
