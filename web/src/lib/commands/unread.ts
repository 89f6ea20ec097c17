import { hits, type Command } from '#lib/commands/command.ts'
import { act } from '#lib/actions/state/act.ts'

export const unread: Command = {
  name: 'unread',
  group: 'sort',
  keys: ['U'],
  when: hits,
  run: (page) => act(page, { kind: 'read', on: false })
}
