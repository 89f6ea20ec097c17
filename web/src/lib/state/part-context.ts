/** What a part of the state is made of that the list does not need (`Mail.part`). */
import type { Session } from '#lib/sync/session.ts'
import type { SenderDecisions } from '#lib/sync/sender-decisions.ts'
import type { SavedSearches } from '#lib/search/sync/searches.ts'
import type { SettingsDocument } from '#lib/sync/settings.ts'
import type { Actions } from '#lib/actions/state/actions.svelte.ts'
import type { Labels } from './labels.svelte.ts'
import type { Mailboxes } from './mailboxes.svelte.ts'
import type { Preferences } from '#lib/settings/state/preferences.svelte.ts'

export interface PartContext {
  readonly session: Session
  /** of the person, at the service */
  readonly document: SettingsDocument
  readonly preferences: Preferences
  readonly actions: Actions
  readonly mailboxes: Mailboxes
  readonly labels: Labels
  readonly saved: SavedSearches
  readonly senders: SenderDecisions
  /** What the service keeps is read again, by all that need it. */
  readonly reread: () => Promise<void>
}

/** `Mail.part`, for what `Mail` itself loads. */
export type MakePart = <T>(create: (context: PartContext) => T) => T
