import { canMove, type Command } from '#lib/commands/command.ts'
import { act } from '#lib/actions/state/act.ts'

export const spam: Command = {
  name: 'spam',
  group: 'sort',
  keys: ['!'],
  when: canMove,
  run: (page) => act(page, { kind: 'spam', on: page.mailbox?.role !== 'junk' })
}
