/** All commands, and which one a key runs. */
import { back } from '#lib/commands/back.ts'
import { collapseAll } from '#lib/commands/collapse-all.ts'
import type { Command } from '#lib/commands/command.ts'
import { expandAll } from '#lib/commands/expand-all.ts'
import { next } from '#lib/commands/next.ts'
import { open } from '#lib/commands/open.ts'
import { previous } from '#lib/commands/previous.ts'
import { reply } from '#lib/commands/reply.ts'
import { undo } from '#lib/commands/undo.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'

export const ALL: readonly Command[] = [next, previous, open, back, reply, expandAll, collapseAll, undo]

export interface Key {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  /** the person is writing: single keys are text */
  readonly typing: boolean
}

/** The command that a key runs now; undefined for none. */
export function commandFor(key: Key, page: MailPage): Command | undefined {
  if (key.typing || key.ctrlKey || key.metaKey || key.altKey) return undefined
  return ALL.find((command) => command.keys.includes(key.key) && command.when(page))
}
