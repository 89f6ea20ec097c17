/** What a part of the state is made of that the list does not need (`Mail.part`). */
import type { Session } from '#lib/sync/session.ts'
import type { SenderDecisions } from '#lib/sync/sender-decisions.ts'
import type { SavedSearches } from '#lib/search/sync/searches.ts'
import type { SettingsDocument } from '#lib/sync/settings.ts'
import type { ActionsState } from '#lib/actions/state/actions.svelte.ts'
import type { LabelsState } from './labels.svelte.ts'
import type { MailboxesState } from './mailboxes.svelte.ts'
import type { Preferences } from '#lib/settings/state/preferences.svelte.ts'

export interface PartContext {
  readonly session: Session
  /** of the person, at the service */
  readonly document: SettingsDocument
  readonly preferences: Preferences
  readonly actions: ActionsState
  readonly mailboxes: MailboxesState
  readonly labels: LabelsState
  readonly saved: SavedSearches
  readonly senders: SenderDecisions
  /** What the service keeps is read again, by all that need it. */
  readonly reread: () => Promise<void>
}
