import { hits, type Command } from '#lib/commands/command.ts'

export const move: Command = {
  name: 'move',
  group: 'sort',
  keys: ['v'],
  when: hits,
  run: (page) => page.triage.ask('move')
}
