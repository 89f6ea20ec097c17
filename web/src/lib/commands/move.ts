import { canMove, type Command } from '#lib/commands/command.ts'

export const move: Command = {
  name: 'move',
  group: 'sort',
  keys: ['v'],
  when: canMove,
  run: (page) => page.triage.ask('move')
}
