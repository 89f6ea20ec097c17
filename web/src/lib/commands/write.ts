/** Commands that write a message. */
import type { Command } from '#lib/commands/command.ts'
import { canReply, replyToLast } from '#lib/writing/state/replying.svelte.ts'

const compose: Command = {
  name: 'compose',
  group: 'write',
  keys: ['c'],
  when: () => true,
  run: (page) => page.writing.start({ kind: 'new' })
}

const reply: Command = {
  name: 'reply',
  group: 'write',
  keys: ['r'],
  isAboutReached: true,
  when: canReply,
  run: (page) => replyToLast(page, 'reply')
}

export const replyAll: Command = {
  name: 'replyAll',
  group: 'write',
  keys: ['a'],
  isAboutReached: true,
  when: canReply,
  run: (page) => replyToLast(page, 'replyAll')
}

export const forward: Command = {
  name: 'forward',
  group: 'write',
  keys: ['f'],
  isAboutReached: true,
  when: canReply,
  run: (page) => replyToLast(page, 'forward')
}

export const WRITE: readonly Command[] = [compose, reply, replyAll, forward]
