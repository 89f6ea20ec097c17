/** What a toolbar offers for the conversations that an action would hit. */
import { archive, label, more, move, read, remove, spam, star, unread } from '#lib/commands/sort.ts'
import type { Command } from '#lib/commands/command.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import type { IconName } from '#lib/ui/icons.ts'
import type { ActionWords } from '#lib/words/parts.ts'

export interface Tool {
  readonly command: Command
  readonly icon: IconName
  readonly name: string
  /** below the icon, where there is room for one word */
  readonly word?: string
  /** of a button that toggles */
  readonly pressed?: boolean
  /** what it opens is beside it */
  readonly opens?: 'move' | 'label' | 'more'
}

/** In groups. `isRead`: all of them are. */
export function toolsOf(page: MailPage, words: ActionWords, isRead: boolean): readonly (readonly Tool[])[] {
  const role = page.mailbox?.role
  const { commands, short } = words
  const count = page.triage.isSelecting ? (page.triage.count ?? 0) : 1
  const name = (text: string): string => (count > 1 ? words.onMany(text, count) : text)
  const [marks, marked] = isRead ? [unread, commands.unread] : [read, commands.read]
  const groups: readonly (readonly Tool[])[] = [
    [
      { command: archive, icon: 'archive', name: name(commands.archive), word: short.archive },
      { command: spam, icon: 'spam', name: name(role === 'junk' ? words.notSpam : commands.spam) },
      {
        command: remove,
        icon: 'trash',
        name: name(role === 'trash' ? words.destroy : commands.delete),
        word: short.delete
      }
    ],
    [
      {
        command: marks,
        icon: isRead ? 'mail' : 'mail-open',
        name: name(marked),
        word: isRead ? short.unread : short.read
      },
      { command: move, icon: 'move', name: name(commands.move), word: short.move, opens: 'move' },
      { command: label, icon: 'tag', name: name(commands.label), opens: 'label' }
    ],
    [{ command: more, icon: 'more', name: commands.more, word: short.more, opens: 'more' }]
  ]
  return groups.map((group) => group.filter(({ command }) => command.when(page)))
}

export function starTool(words: ActionWords, pressed: boolean): Tool {
  return { command: star, icon: 'star', name: words.commands.star, pressed }
}
