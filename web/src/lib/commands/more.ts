import { hits, type Command } from '#lib/commands/command.ts'

export const more: Command = {
  name: 'more',
  group: 'sort',
  keys: ['.'],
  when: hits,
  run: (page) => page.triage.ask('more')
}
