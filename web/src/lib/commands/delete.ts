import { canMove, type Command } from '#lib/commands/command.ts'
import { act } from '#lib/actions/state/act.ts'

export const remove: Command = {
  name: 'delete',
  group: 'sort',
  keys: ['#', 'Delete'],
  when: canMove,
  run: (page) => act(page, { kind: page.mailbox?.role === 'trash' ? 'destroy' : 'delete' })
}
