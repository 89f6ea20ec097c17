/** What the settings of absence and the line above the list read and do. `absence-state.svelte.ts` implements it. */
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Absence } from '#lib/settings/domain/absence.ts'
import type { Filters, Outcome } from './filters.ts'

export interface Absences {
  readonly phase: Filters['phase']
  readonly trouble: Trouble | null
  readonly isOffline: boolean
  readonly isSaving: boolean
  readonly absence: Absence
  /** It is part of our script, so it is known who gets it; else the mail server decides. */
  readonly isOurs: boolean
  /** The reply is part of our script, which the mail server does not run. */
  readonly inactive: boolean
  /** octets that subject and text together may have */
  readonly longest: number
  /** another program's script, which would rest; null: none runs */
  readonly stops: string | null
  load(): Promise<void>
  save(absence: Absence): Promise<Outcome>
}
