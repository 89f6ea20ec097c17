import { capabilityOf } from '#lib/jmap/client.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import { NO_ABSENCE, type Absence } from '#lib/settings/domain/absence.ts'
import { mayReply, offersOf } from '#lib/settings/domain/offers.ts'
import { LONGEST_TEXT } from '#lib/settings/domain/text.ts'
import { SIEVE } from '#lib/settings/sync/scripts.ts'
import { troubleOf } from '#lib/sync/task.ts'
import { readVacation, VACATION, writeVacation } from '#lib/settings/sync/vacation.ts'
import { online } from 'svelte/reactivity/window'
import type { Absences } from './absence.ts'
import type { Outcome } from './filters.ts'
import type { PartContext } from '#lib/state/part-context.ts'
import type { Trouble } from '#lib/state/mail.ts'
import { create as createSieve, type SieveState } from './sieve-state.svelte.ts'

/** Octets of a text that Stalwart takes for a VacationResponse. */
const LONGEST_VACATION = 1_900
/** Both texts stand in one script, each within its own limit. */
const LONGEST_REPLY = LONGEST_TEXT - 100

export class AbsenceState implements Absences {
  readonly #context: PartContext
  readonly #sieve: SieveState
  #phase = $state.raw<Absences['phase']>('loading')
  #trouble = $state.raw<Trouble | null>(null)
  #vacation = $state.raw<Absence>(NO_ABSENCE)
  #saving = $state(false)
  #isOurs = $state(false)

  constructor(context: PartContext, sieve: SieveState) {
    this.#context = context
    this.#sieve = sieve
  }

  get phase(): Absences['phase'] {
    return this.#isOurs ? this.#sieve.phase : this.#phase
  }

  get trouble(): Trouble | null {
    return this.#isOurs ? this.#sieve.trouble : this.#trouble
  }

  get isOffline(): boolean {
    return online.current === false
  }

  get isSaving(): boolean {
    return this.#saving || this.#sieve.isSaving
  }

  get absence(): Absence {
    return this.#isOurs ? this.#sieve.absence : this.#vacation
  }

  get isOurs(): boolean {
    return this.#isOurs
  }

  get inactive(): boolean {
    return this.#isOurs && this.#sieve.inactive === 'all'
  }

  get longest(): number {
    return this.#isOurs ? LONGEST_REPLY : LONGEST_VACATION
  }

  get stops(): string | null {
    return this.#isOurs ? (this.#sieve.other?.name ?? null) : null
  }

  async load(): Promise<void> {
    const { session } = this.#context
    try {
      await session.connected()
      // A server runs one script: beside filters a reply has to be part of it.
      this.#isOurs = mayReply(offersOf(capabilityOf(session.client, SIEVE)))
      if (this.#isOurs) await this.#sieve.load()
      else if (capabilityOf(session.client, VACATION) !== null) this.#vacation = await readVacation(session)
      this.#phase = 'ready'
    } catch (failure) {
      this.#fail(failure)
      if (this.#phase === 'loading') this.#phase = 'failed'
    }
  }

  async save(absence: Absence): Promise<Outcome> {
    if (this.#isOurs) return this.#sieve.saveAbsence(absence)
    this.#saving = true
    this.#trouble = null
    try {
      await writeVacation(this.#context.session, absence)
      this.#vacation = absence
      return 'saved'
    } catch (failure) {
      this.#fail(failure)
      return 'failed'
    } finally {
      this.#saving = false
    }
  }

  #fail(failure: unknown): void {
    if (!(failure instanceof JmapFailure)) this.#context.session.ports.report(failure)
    this.#trouble = troubleOf(failure)
  }
}

export function create(context: PartContext): AbsenceState {
  return new AbsenceState(context, createSieve(context))
}
