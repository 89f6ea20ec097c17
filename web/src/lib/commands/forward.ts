import type { Command } from '#lib/commands/command.ts'
import { canReply, replyToLast } from '#lib/writing/state/replying.svelte.ts'

export const forward: Command = {
  name: 'forward',
  group: 'write',
  keys: ['f'],
  isAboutReached: true,
  when: canReply,
  run: (page) => replyToLast(page, 'forward')
}
