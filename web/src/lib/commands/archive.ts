import { canMove, type Command } from '#lib/commands/command.ts'
import { act } from '#lib/actions/state/act.ts'

export const archive: Command = {
  name: 'archive',
  group: 'sort',
  keys: ['e'],
  when: (page) => canMove(page) && page.mailbox?.role !== 'archive',
  run: (page) => act(page, { kind: 'archive' })
}
