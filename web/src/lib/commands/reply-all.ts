import type { Command } from '#lib/commands/command.ts'
import { canReply, replyToLast } from '#lib/writing/state/replying.svelte.ts'

export const replyAll: Command = {
  name: 'replyAll',
  group: 'write',
  keys: ['a'],
  isAboutReached: true,
  when: canReply,
  run: (page) => replyToLast(page, 'replyAll')
}
