/** Tells of messages on their way, and what became of them: by notices, from which they can be taken back. */
import { fullTime } from '#lib/mail/dates.ts'
import { shortName } from '#lib/mail/people.ts'
import type { Composition, Departure, Outcome, Recipient } from '#lib/state/compose.ts'
import type { Trouble } from '#lib/state/mail.ts'
import type { Notices, Undo } from '#lib/state/notices.svelte.ts'
import type { Words } from '#lib/words/en.ts'
import type { DeliveryWords } from '#lib/words/later.ts'
import { troubleWord } from './trouble.ts'

export interface DepartingWords {
  readonly delivery: DeliveryWords
  readonly mail: Words['mail']
}

interface Told {
  /** as it is now */
  departure: Departure
  /** what was told of it: it is told again if that changes */
  key: string
  readonly undo: Undo
}

/** One in full; of several the first one, and how many more. */
export function whoOf(to: readonly Recipient[], { others }: DeliveryWords): string {
  const [first = '', ...rest] = to.map(({ name, address }) => name.trim() || address)
  return rest.length > 0 ? others(shortName(first), rest.length) : first
}

export class Departing {
  readonly #notices: Notices
  readonly #words: () => DepartingWords
  readonly #show: (composition: Composition) => void
  readonly #now: () => number
  readonly #told = new Map<string, Told>()
  #began = false

  /** `show` brings a window to the front. */
  constructor(
    notices: Notices,
    words: () => DepartingWords,
    show: (composition: Composition) => void,
    now: () => number = Date.now
  ) {
    this.#notices = notices
    this.#words = words
    this.#show = show
    this.#now = now
  }

  /** These are on their way now. */
  follow(departures: readonly Departure[]): void {
    const ids = new Set(departures.map(({ id }) => id))
    for (const [id, { undo }] of this.#told) {
      if (!ids.has(id)) {
        this.#told.delete(id)
        this.#notices.withdraw(undo)
      }
    }
    for (const departure of departures) this.#tell(departure)
    this.#began = true
  }

  settled(outcome: Outcome): void {
    const { delivery } = this.#words()
    const { timed } = this.#notices.shown ?? {}
    // Another one can still be taken back, which matters more.
    if (outcome.kind === 'sent' && timed && timed.until > this.#now()) return
    this.#notices.say(outcome.kind === 'sent' ? delivery.sent : delivery.notSent)
    if (outcome.kind === 'not_sent') this.#show(outcome.composition)
  }

  #tell(departure: Departure): void {
    const { id, at, held, scheduled } = departure
    const key = `${held} ${at.getTime()}`
    const told = this.#told.get(id) ?? this.#added(departure)
    told.departure = departure
    if (told.key === key) return
    if (told.key !== '') this.#notices.withdraw(told.undo)
    told.key = key
    const isTimed = held !== 'waiting' && !scheduled
    // What another visit of this page sent is told while it can be taken back; what waits is told elsewhere.
    const isOver = isTimed && at.getTime() <= this.#now()
    if (!isOver && (this.#began || isTimed)) this.#say(departure, told.undo)
  }

  #added(departure: Departure): Told {
    const told: Told = { departure, key: '', undo: { run: () => void this.#undo(told.departure), done: null } }
    this.#told.set(departure.id, told)
    return told
  }

  #say({ to, at, held, scheduled }: Departure, undo: Undo): void {
    const { delivery, mail } = this.#words()
    const who = whoOf(to, delivery)
    if (held === 'waiting') this.#notices.say(delivery.waits(who), undo)
    else if (scheduled) this.#notices.say(delivery.leavesOn(fullTime(at, mail.locale)), undo)
    else {
      const tab = held === 'here' ? `. ${delivery.keepTab}` : ''
      const left = (seconds: number): string => delivery.sendingIn(who, seconds) + tab
      this.#notices.say(delivery.sending(who) + tab, undo, { until: at.getTime(), left })
    }
  }

  async #undo(departure: Departure): Promise<void> {
    try {
      const composition = await departure.undo()
      // That its window is open again says enough.
      if (composition) this.#show(composition)
      else this.#notices.say(this.#words().delivery.tooLate)
    } catch (failure) {
      const { delivery, mail } = this.#words()
      const word = troubleWord((failure as Partial<Trouble>).code ?? 'unavailable')
      this.#notices.failed(`${delivery.notUndone} ${mail.trouble[word]}`, () => void this.#undo(departure))
    }
  }
}
