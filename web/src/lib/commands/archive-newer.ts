import { canMove, type Command } from '#lib/commands/command.ts'
import { act } from '#lib/actions/state/act.ts'

export const archiveNewer: Command = {
  name: 'archiveNewer',
  group: 'sort',
  keys: ['['],
  when: (page) => canMove(page) && page.mailbox?.role !== 'archive',
  run: (page) => act(page, { kind: 'archive' }, { way: 'newer' })
}
