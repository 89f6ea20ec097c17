/** What a part of the state that is loaded late is made of. */
import type { Account } from '#lib/sync/account.ts'
import type { SettingsDocument } from '#lib/sync/settings.ts'
import type { ActionsState } from './actions.svelte.ts'
import type { LabelsState } from './labels.svelte.ts'
import type { MailboxesState } from './mailboxes.svelte.ts'

export interface Inside {
  readonly account: Account
  readonly document: SettingsDocument
  readonly actions: ActionsState
  readonly mailboxes: MailboxesState
  readonly labels: LabelsState
}
