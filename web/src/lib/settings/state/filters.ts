/** What the settings of filters and absence read and do. The class in `sieve-state.svelte.ts` implements it. */
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Absence } from '#lib/settings/domain/absence.ts'
import type { Folders } from '#lib/settings/domain/action-code.ts'
import type { Mistake } from '#lib/settings/domain/errors.ts'
import type { Filter } from '#lib/settings/domain/filter.ts'
import type { Verdict } from '#lib/settings/domain/match.ts'
import type { Offers } from '#lib/settings/domain/offers.ts'
import type { Suggestion } from '#lib/settings/domain/suggestion.ts'

/** A script that is shown as text only: another program's, or ours after a change by hand. */
export interface TextScript {
  readonly id: string
  readonly name: string
  readonly text: string
  readonly isActive: boolean
  /** it is called as ours is */
  readonly byHand: boolean
}

/** `mistake`: the mail server refuses the script; `conflict`: it was changed elsewhere; `failed`: see `trouble`. */
export type Outcome = 'saved' | 'mistake' | 'conflict' | 'failed'

/** A mail of the last ones that a filter hits, or may hit. */
export interface Hit {
  readonly id: string
  readonly who: string
  readonly subject: string
  readonly receivedAt: Date
  readonly verdict: Verdict
}

/** What a filter does to the last mails. */
export interface Effect {
  /** mails that were looked at */
  readonly of: number
  readonly hits: readonly Hit[]
}

export interface Filters {
  /** `missing`: the mail server has no Sieve */
  readonly phase: 'loading' | 'ready' | 'failed' | 'missing'
  /** why the last thing did not work */
  readonly trouble: Trouble | null
  /** nothing can be changed */
  readonly isOffline: boolean
  readonly isSaving: boolean
  readonly offers: Offers
  readonly folders: Folders
  /** in their order */
  readonly filters: readonly Filter[]
  readonly absence: Absence
  /** What runs at the mail server in place of our filters; null: nothing else does. */
  readonly other: TextScript | null
  /** What of our script the mail server stores, and does not run: another program switched it off, or runs its own reply
   * in place of our filters. */
  readonly inactive: 'nothing' | 'filters' | 'all'
  /** scripts that do not run, and are not ours */
  readonly idle: readonly TextScript[]
  /** what the mail server said of the script that it refused */
  readonly mistake: Mistake | null
  /** what was wanted, and could not be saved because somebody changed the script meanwhile */
  readonly conflict: readonly Filter[] | null
  load(): Promise<void>
  save(filters: readonly Filter[]): Promise<Outcome>
  saveAbsence(absence: Absence): Promise<Outcome>
  /** The script of ours that these filters make. */
  textOf(filters: readonly Filter[]): string
  /** Another text in place of our script: it is text only from now on. `mine`: after `conflict`, in place of that too. */
  saveText(text: string, mine?: boolean): Promise<Outcome>
  /** Filters of ours from now on; what ran before stays, and does not run. */
  begin(): Promise<Outcome>
  /** Run this script in place of ours. */
  use(id: string): Promise<Outcome>
  /** `mine`: in place of what was changed elsewhere. */
  resolveConflict(mine: boolean): Promise<Outcome>
  /** What it does to the last mails; null: it could not be found out. */
  effectOf(filter: Pick<Filter, 'match' | 'conditions'>): Promise<Effect | null>
  /** Do it to these mails; null: it changes nothing. Rejects with a `Trouble`. */
  doNow(filter: Filter, ids: readonly string[]): Promise<{ readonly count: number; readonly undo: () => void } | null>
  /** a filter that is being made of a message, and what it may ask for */
  readonly proposal: { readonly filter: Filter; readonly suggestions: readonly Suggestion[] } | null
  propose(proposal: Filters['proposal']): void
  newId(): string
}
