import type { Command } from '#lib/commands/command.ts'
import { canReply, replyToLast } from '#lib/writing/state/replying.svelte.ts'

export const reply: Command = {
  name: 'reply',
  group: 'write',
  keys: ['r'],
  isAboutReached: true,
  when: canReply,
  run: (page) => replyToLast(page, 'reply')
}
