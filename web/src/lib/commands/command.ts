/** What a person can do by a key or a button. Each command is a file of its own; `all.ts` lists them. */
import type { MailPage } from '#lib/state/page.svelte.ts'

export interface Command {
  /** the keys that run it, as `KeyboardEvent.key` names them */
  readonly keys: readonly string[]
  when(page: MailPage): boolean
  run(page: MailPage): void | Promise<void>
}
