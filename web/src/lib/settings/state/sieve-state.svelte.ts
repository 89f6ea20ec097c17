import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Absence } from '#lib/settings/domain/absence.ts'
import type { Folders } from '#lib/settings/domain/action-code.ts'
import type { Mistake } from '#lib/settings/domain/errors.ts'
import type { Filter } from '#lib/settings/domain/filter.ts'
import { offersOf, type Offers } from '#lib/settings/domain/offers.ts'
import { EMPTY, OUR_NAME, read, written, type Content } from '#lib/settings/domain/script.ts'
import { freeName, isChanged, isRun, isVacation, ownIn, runsOther } from '#lib/settings/sync/own-script.ts'
import { Scripts, type Stored, type StoredScript } from '#lib/settings/sync/scripts.ts'
import { troubleOf } from '#lib/sync/task.ts'
import { readVacation } from '#lib/settings/sync/vacation.ts'
import { FilterEffects } from './filter-effects.ts'
import type { Filters, Outcome, TextScript } from './filters.ts'
import type { PartContext } from '#lib/state/part-context.ts'
import type { Trouble } from '#lib/state/mail.ts'
import { OwnAddresses } from './own-addresses.ts'
import { unfinished } from './unfinished.ts'
import { online } from 'svelte/reactivity/window'

export class SieveState implements Filters {
  readonly #context: PartContext
  readonly #scripts: Scripts
  readonly #effects: FilterEffects
  readonly #addresses: OwnAddresses
  inactive = $state<Filters['inactive']>('nothing')
  #phase = $state.raw<Filters['phase']>('loading')
  #trouble = $state.raw<Trouble | null>(null)
  #content = $state.raw<Content>(EMPTY)
  #other = $state.raw<TextScript | null>(null)
  #idle = $state.raw<readonly TextScript[]>([])
  #mistake = $state.raw<Mistake | null>(null)
  #conflict = $state.raw<Content | null>(null)
  #proposal = $state.raw<Filters['proposal']>(null)
  #saving = $state(0)
  #offers: Offers = offersOf(null)
  /** what the mail server has of it */
  #stored: Content = EMPTY
  /** our script as this page read or wrote it; null: there is none yet */
  #own: StoredScript | null = null
  /** the scripts when the person was told that a text would be put in place of another device's change */
  #told: Stored | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(context: PartContext) {
    this.#context = context
    this.#scripts = new Scripts(context.session)
    this.#effects = new FilterEffects(context)
    this.#addresses = new OwnAddresses(context.session)
    context.session.on('identities', () => void this.#readdress())
  }

  get phase(): Filters['phase'] {
    return this.#phase
  }

  get trouble(): Trouble | null {
    return this.#trouble
  }

  get isOffline(): boolean {
    return online.current === false
  }

  get isSaving(): boolean {
    return this.#saving > 0
  }

  get offers(): Offers {
    return this.#offers
  }

  get folders(): Folders {
    const { mailboxes } = this.#context
    const pathOf = (id: string): string | null => {
      const found = mailboxes.byId(id)
      if (!found) return null
      const above = found.parentId === null ? null : pathOf(found.parentId)
      return above === null ? found.name : `${above}/${found.name}`
    }
    return { pathOf, trashId: mailboxes.byRole('trash')?.id ?? null }
  }

  get filters(): readonly Filter[] {
    return this.#content.filters
  }

  get absence(): Absence {
    return this.#content.absence
  }

  get other(): TextScript | null {
    return this.#other
  }

  get idle(): readonly TextScript[] {
    return this.#idle
  }

  get mistake(): Mistake | null {
    return this.#mistake
  }

  get conflict(): readonly Filter[] | null {
    return this.#conflict?.filters ?? null
  }

  get proposal(): Filters['proposal'] {
    return this.#proposal
  }

  propose(proposal: Filters['proposal']): void {
    this.#proposal = proposal
  }

  newId(): string {
    return this.#context.session.ports.unique().slice(0, 12)
  }

  async load(): Promise<void> {
    this.#trouble = null
    try {
      await this.#context.session.connected()
      if (this.#scripts.capability === null) {
        this.#phase = 'missing'
        return
      }
      await this.#read(0)
      this.#phase = 'ready'
    } catch (failure) {
      this.#fail(failure)
      if (this.#phase === 'loading') this.#phase = 'failed'
    }
  }

  textOf(filters: readonly Filter[]): string {
    return this.#written({ ...this.#content, filters })
  }

  save(filters: readonly Filter[]): Promise<Outcome> {
    return this.#save({ ...this.#content, filters })
  }

  saveAbsence(absence: Absence): Promise<Outcome> {
    // Whoever saves it looks at it and saves again. Asked about among the filters, it would be written there later.
    return this.#save({ ...this.#content, absence }, false)
  }

  begin(): Promise<Outcome> {
    return this.#inTurn(async () => {
      const stored = await this.#scripts.all()
      const own = ownIn(stored)
      const text = own ? await this.#scripts.textOf(own) : ''
      const content = own ? read(text) : EMPTY
      // What somebody wrote by hand under our name is kept under another one.
      const renamed = own && content === null ? { id: own.id, name: freeName(stored) } : undefined
      return this.#put(content ?? EMPTY, stored, renamed ? null : own, renamed)
    })
  }

  saveText(text: string, mine = false): Promise<Outcome> {
    return this.#inTurn(async () => {
      const stored = await this.#scripts.all()
      const told = mine ? this.#told : null
      // Nothing is read: the view in which the person writes the text would be replaced, and the text lost.
      const isTheirs = told
        ? isChanged(stored, ownIn(told), runsOther(told))
        : isChanged(stored, this.#own, this.#other !== null)
      this.#told = stored
      return isTheirs ? 'conflict' : this.#putText(text, stored, ownIn(stored), undefined)
    })
  }

  use(id: string): Promise<Outcome> {
    return this.#inTurn(async () => {
      await this.#scripts.activate(id)
      await this.#read()
      return 'saved'
    })
  }

  async resolveConflict(mine: boolean): Promise<Outcome> {
    const wanted = this.#conflict
    this.#conflict = null
    if (!mine || !wanted) {
      await this.load()
      return 'saved'
    }
    return this.#inTurn(async () => {
      const stored = await this.#scripts.all()
      return this.#put(wanted, stored, ownIn(stored), undefined)
    }).then((outcome) => {
      // It is asked again: what was wanted is nowhere else.
      if (outcome === 'failed' || outcome === 'conflict') this.#conflict = wanted
      return outcome
    })
  }

  effectOf(filter: Pick<Filter, 'match' | 'conditions'>): ReturnType<Filters['effectOf']> {
    return this.#effects.of(filter)
  }

  doNow(filter: Filter, ids: readonly string[]): ReturnType<Filters['doNow']> {
    return this.#effects.doNow(filter, ids)
  }

  /** What is changed is seen at once; what the server does not take is as it was. `asks`: about a conflict, later. */
  #save(content: Content, asks = true): Promise<Outcome> {
    this.#content = content
    return this.#inTurn(async () => {
      const stored = await this.#scripts.all()
      const isTheirs = isChanged(stored, this.#own, this.#other !== null)
      if (isTheirs && !(await isRun(this.#written(content), this.#scripts, stored))) return 'conflict'
      return this.#put(content, stored, ownIn(stored), undefined)
    }).then((outcome) => {
      if (asks && outcome === 'conflict') this.#conflict = content
      // Unless something else was changed meanwhile.
      if (outcome !== 'saved' && this.#content === content) this.#content = this.#stored
      return outcome
    })
  }

  async #inTurn(work: () => Promise<Outcome>): Promise<Outcome> {
    this.#saving += 1
    this.#trouble = null
    this.#mistake = null
    const done = this.#turn.then(work, work).catch((failure: unknown) => {
      this.#fail(failure)
      return 'failed' as const
    })
    this.#turn = done
    return unfinished(done).finally(() => (this.#saving -= 1))
  }

  #fail(failure: unknown): void {
    if (!(failure instanceof JmapFailure)) this.#context.session.ports.report(failure)
    this.#trouble = troubleOf(failure)
  }

  async #put(
    content: Content,
    stored: Stored,
    own: StoredScript | null,
    renamed: { id: string; name: string } | undefined
  ): Promise<Outcome> {
    if (content.absence.on) await this.#addresses.known()
    return this.#putText(this.#written(content), stored, own, renamed)
  }

  async #putText(
    text: string,
    stored: Stored,
    own: StoredScript | null,
    renamed: { id: string; name: string } | undefined
  ): Promise<Outcome> {
    const { blobId, mistake } = await this.#scripts.check(text)
    if (mistake) {
      this.#mistake = mistake
      return 'mistake'
    }
    try {
      await this.#scripts.put({ id: own?.id ?? null, name: OUR_NAME, blobId, renamed }, stored.state)
    } catch (failure) {
      const runs = await isRun(text, this.#scripts).catch(() => false)
      if (!runs && failure instanceof JmapFailure && failure.code === 'stateMismatch') return 'conflict'
      if (!runs) throw failure
    }
    // It may be stored, and not run: RFC 9661 §2.2 knows no error for that, and `inactive` says so.
    await this.#read()
    return 'saved'
  }

  /** The reply of ours that runs names the person's addresses. */
  async #readdress(): Promise<void> {
    const before = this.#addresses.all.join()
    const now = await this.#addresses.again().catch(() => null)
    if (this.#phase !== 'ready' || now?.join() === before) return
    await this.#inTurn(async () => {
      await this.#read()
      const runs = this.#own?.isActive === true && this.#other === null
      if (!runs || !this.#stored.absence.on) return 'saved'
      return this.#put(this.#stored, await this.#scripts.all(), this.#own, undefined)
    })
  }

  #written(content: Content): string {
    return written(content, { offers: this.#offers, folders: this.folders, addresses: this.#addresses.all })
  }

  /** What was changed meanwhile, and waits for its turn, stays on screen. `savings`: those of which this is a part. */
  async #read(savings = 1): Promise<void> {
    const { session } = this.#context
    // Filters can be shown without the addresses; a reply is not written without them (`#put`).
    const [stored] = await Promise.all([this.#scripts.all(), this.#addresses.known().catch(() => undefined)])
    this.#offers = offersOf(this.#scripts.capability)
    const own = ownIn(stored)
    const active = stored.scripts.find(({ isActive }) => isActive)
    const reply = active !== undefined && isVacation(active)
    const texts = await this.#textsOf(stored.scripts.filter((script) => !isVacation(script)))
    const found = own && read(texts.find(({ id }) => id === own.id)?.text ?? '')
    // Another program's reply becomes part of our script with its next change: one script runs.
    const absence = reply ? await readVacation(session) : null
    this.#own = own
    this.inactive = own?.isActive !== false || found === null ? 'nothing' : reply ? 'filters' : 'all'
    this.#told = null
    this.#stored = { ...(found ?? EMPTY), ...(absence && { absence }) }
    if (this.#saving <= savings) this.#content = this.#stored
    const others = texts.filter(({ id }) => id !== own?.id || found === null)
    this.#other = others.find((one) => one.isActive) ?? null
    this.#idle = others.filter((one) => !one.isActive)
  }

  #textsOf(scripts: readonly StoredScript[]): Promise<readonly TextScript[]> {
    return Promise.all(
      scripts.map(async (script) => ({
        id: script.id,
        name: script.name,
        isActive: script.isActive,
        byHand: script.name === OUR_NAME,
        text: await this.#scripts.textOf(script)
      }))
    )
  }
}

const states = new WeakMap<PartContext['session'], SieveState>()

/** One an account: filters and absence are one script. */
export function create(context: PartContext): SieveState {
  let state = states.get(context.session)
  if (!state) {
    state = new SieveState(context)
    states.set(context.session, state)
  }
  return state
}
