import type { Command } from '#lib/commands/command.ts'

export const goTo: Command = {
  name: 'goTo',
  group: 'walk',
  keys: ['g l'],
  when: () => true,
  run: (page) => page.triage.ask('go')
}
