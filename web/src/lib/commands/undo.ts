import type { Command } from '#lib/commands/command.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'

const isRunning = ({ mail }: MailPage): boolean => mail.actions.bulk?.state === 'running'

export const undo: Command = {
  name: 'undo',
  group: 'sort',
  keys: ['z', 'Ctrl+z'],
  when: (page) => page.notices.canUndo || isRunning(page),
  run(page) {
    if (!isRunning(page)) page.notices.undoLast()
    else {
      // What runs was done last: an older action is not meant.
      page.mail.actions.bulk?.stop()
      page.mail.actions.bulk?.undo?.()
    }
  }
}
