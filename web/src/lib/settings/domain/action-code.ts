/** What a filter does, as commands of Sieve. */
import type { FilterAction } from './filter.ts'
import { listed, oneLine, quoted } from './text.ts'

/** The folders of the person, as far as a script names them. */
export interface Folders {
  /** "Projects/Paper"; null if there is no such folder any more */
  pathOf(mailboxId: string): string | null
  /** null if there is none yet */
  readonly trashId: string | null
}

const FLAGS: Partial<Record<FilterAction['kind'], string>> = { read: String.raw`\Seen`, star: String.raw`\Flagged` }

/** RFC 5232 §4: what is filed or kept gets the flags that were added before. So flags come first. */
const ORDER: readonly FilterAction['kind'][] = ['read', 'star', 'label', 'copy', 'forward', 'move', 'delete', 'keep']

export function commandsOf(actions: readonly FilterAction[], folders: Folders, byId: boolean): string[] {
  const flags = actions.flatMap(({ kind, value }) => (kind === 'label' ? oneLine(value) : (FLAGS[kind] ?? [])))
  const rest = actions
    .toSorted((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind))
    .flatMap((action) => commandOf(action, folders, byId))
  return [...(flags.length > 0 ? [`addflag ${listed(flags)};`] : []), ...rest]
}

function commandOf({ kind, value }: FilterAction, folders: Folders, byId: boolean): string[] {
  const filed = (how: string, id: string): string[] => fileInto(how, id, folders, byId)
  switch (kind) {
    case 'move':
      return filed('', value)
    case 'copy':
      return filed(':copy ', value)
    case 'delete':
      // Never `discard`: what a filter takes away by mistake has to be found again.
      return folders.trashId === null ? [] : filed('', folders.trashId)
    case 'forward':
      return [`redirect :copy ${quoted(oneLine(value))};`]
    case 'keep':
      // Not `keep`: on Stalwart, a filter further down that files the mail elsewhere would undo it.
      return ['fileinto "INBOX";']
    default:
      return []
  }
}

/** RFC 9042: by its id it is found under whatever name. A folder that is gone is left out: the mail stays in the Inbox. */
function fileInto(how: string, id: string, folders: Folders, byId: boolean): string[] {
  const path = folders.pathOf(id)
  return path === null ? [] : [`fileinto ${how}${byId ? `:mailboxid ${quoted(id)} ` : ''}${quoted(oneLine(path))};`]
}
