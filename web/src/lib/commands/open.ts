import type { Command } from '#lib/commands/command.ts'

export const open: Command = {
  keys: ['o', 'Enter'],
  when: (page) => page.current !== null && page.current !== page.threadId,
  run: (page) => (page.current === null ? undefined : page.openConversation(page.current))
}
