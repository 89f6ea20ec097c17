/** A filter in a few words. */
import type { Filter } from '#lib/settings/domain/filter.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import { nameOf } from '#lib/state/sidebar.ts'
import type { Words } from '#lib/words/en.ts'
import type { FilterWords } from '#lib/words/parts.ts'

export function summaryOf(
  { actions }: Pick<Filter, 'actions'>,
  words: FilterWords,
  mail: Pick<Mail, 'mailboxes' | 'labels'>,
  mailWords: Words['mail']
): string {
  const { summary } = words
  const parts = actions.map(({ kind, value }) => {
    switch (kind) {
      case 'move':
      case 'copy':
        return value === '' ? summary.nothing : summary[kind](folderName(value, mail, mailWords) ?? words.goneFolder)
      case 'label':
        return value === '' ? summary.nothing : summary.label(mail.labels.byKeyword(value)?.name ?? value)
      case 'forward':
        return value === '' ? summary.nothing : summary.forward(value)
      default:
        return summary[kind]
    }
  })
  return parts.length > 0 ? parts.join(', ') : summary.nothing
}

/** With those around it, each as it is called elsewhere; null if there is none any more. */
export function folderName(id: string, mail: Pick<Mail, 'mailboxes'>, words: Words['mail']): string | null {
  const item = mail.mailboxes.byId(id)
  if (!item) return null
  const above = item.parentId === null ? null : folderName(item.parentId, mail, words)
  return [...(above ? [above] : []), nameOf(item, words)].join(' / ')
}
