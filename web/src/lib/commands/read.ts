import { hits, type Command } from '#lib/commands/command.ts'
import { act } from '#lib/actions/state/act.ts'

export const read: Command = {
  name: 'read',
  group: 'sort',
  keys: ['I'],
  when: hits,
  run: (page) => act(page, { kind: 'read', on: true })
}
