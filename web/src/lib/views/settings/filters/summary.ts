/** A filter in a few words. */
import type { Folders } from '#lib/sieve/action-code.ts'
import type { Filter } from '#lib/sieve/filter.ts'
import type { Labels } from '#lib/state/mail.ts'
import type { FilterWords } from '#lib/words/later.ts'

export function summaryOf(
  { actions }: Pick<Filter, 'actions'>,
  words: FilterWords,
  around: { readonly folders: Folders; readonly labels: Labels }
): string {
  const { summary } = words
  const parts = actions.map(({ kind, value }) => {
    switch (kind) {
      case 'move':
      case 'copy':
        return value === ''
          ? summary.nothing
          : summary[kind](shownPath(around.folders.pathOf(value)) ?? words.goneFolder)
      case 'label':
        return value === '' ? summary.nothing : summary.label(around.labels.byKeyword(value)?.name ?? value)
      case 'forward':
        return value === '' ? summary.nothing : summary.forward(value)
      default:
        return summary[kind]
    }
  })
  return parts.length > 0 ? parts.join(', ') : summary.nothing
}

export function shownPath(path: string | null): string | null {
  return path && path.split('/').join(' / ')
}
