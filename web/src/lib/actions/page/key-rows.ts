/** The keys that work in the page, as the sheet and the settings list them. */
import { ALL } from '#lib/commands/all.ts'
import type { Command } from '#lib/commands/command.ts'
import type { ActionWords } from '#lib/words/parts.ts'

export interface KeyRow {
  /** each of them does it */
  readonly keys: readonly string[]
  readonly does: string
}

export function keyRows(group: Command['group'], { commands, sheet }: ActionWords): readonly KeyRow[] {
  return [
    ...ALL.filter((one) => one.group === group).map(({ keys, name }) => ({ keys, does: commands[name] })),
    // No command: it works in fields and in windows of writing, too.
    ...(group === 'walk' ? [{ keys: ['F6'], does: sheet.panes }] : [])
  ]
}
