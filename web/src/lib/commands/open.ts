import type { Command } from '#lib/commands/command.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'

/** The keyboard is at a conversation that is not open. */
const isElsewhere = ({ cursor, threadId }: MailPage): boolean => cursor.current !== null && cursor.current !== threadId

/** Opens the conversation, or the draft, where the keyboard is; in the open one it expands or collapses the message. */
export const open: Command = {
  name: 'open',
  group: 'walk',
  keys: ['o', 'Enter'],
  when: (page) => isElsewhere(page) || page.reached !== undefined,
  run: async (page) => {
    const { current } = page.cursor
    if (current !== null && isElsewhere(page)) await page.openRow(current)
    else if (page.reached) page.toggle(page.reached)
  }
}
