import type { Command } from '#lib/commands/command.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'

/** Where the keyboard is. The list marks its first row before the keyboard has moved. */
function reachedRow({ cursor, threadId, mail }: MailPage): string | undefined {
  return cursor.reached ?? (threadId === undefined ? mail.list?.row(0)?.threadId : undefined)
}

/** The keyboard is at a conversation that is not open. */
function isElsewhere(page: MailPage): boolean {
  const row = reachedRow(page)
  return row !== undefined && row !== page.threadId
}

/** Opens the conversation, or the draft, where the keyboard is; in the open one it expands or collapses the message. */
export const open: Command = {
  name: 'open',
  group: 'walk',
  keys: ['Enter', 'o'],
  isAboutReached: true,
  when: (page) => isElsewhere(page) || page.reading.reached !== undefined,
  run: async (page) => {
    const row = reachedRow(page)
    if (row !== undefined && isElsewhere(page)) await page.openRow(row)
    else if (page.reading.reached) page.reading.toggle(page.reading.reached)
  }
}
