/** What a person can do by a key or a button. Each group is a file; `all.ts` lists them. */
import type { MailPage } from '#lib/state/page.svelte.ts'
import type { CommandName } from '#lib/words/parts.ts'

export interface Command {
  /** its words are found by it */
  readonly name: CommandName
  /** where the sheet of keys lists it */
  readonly group: 'walk' | 'sort' | 'select' | 'write'
  /** as `KeyboardEvent.key` names them, letters with Shift in upper case; two behind each other; with Ctrl or Cmd */
  readonly keys: readonly string[]
  /** A key that is held down goes on. Others run once: whoever rests on E archives one conversation. */
  readonly repeats?: boolean
  /** Its keys with Ctrl belong to the browser unless the focus is in the list. */
  readonly inList?: boolean
  /** It is about the conversation that the keyboard reaches, whatever is selected. Those that sort act on the selection first. */
  readonly isAboutReached?: boolean
  when(page: MailPage): boolean
  run(page: MailPage): void | Promise<void>
}

/** There is something that an action would hit. */
export function hits({ triage }: MailPage): boolean {
  return triage.isSelecting || triage.targets.length > 0
}

/** Whether messages can be moved from here. A scheduled one would be sent wherever it is. */
export function canMove(page: MailPage): boolean {
  return hits(page) && page.view?.kind !== 'scheduled'
}
