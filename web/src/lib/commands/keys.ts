import type { Command } from '#lib/commands/command.ts'

export const keys: Command = {
  name: 'keys',
  group: 'walk',
  keys: ['?'],
  when: () => true,
  run: (page) => page.triage.ask('keys')
}
