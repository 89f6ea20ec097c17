import { hits, type Command } from '#lib/commands/command.ts'

export const label: Command = {
  name: 'label',
  group: 'sort',
  keys: ['l'],
  when: hits,
  run: (page) => page.triage.ask('label')
}
