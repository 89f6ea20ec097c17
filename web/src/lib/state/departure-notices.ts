/** Tells of messages on their way, and what became of them: by notices, from which they can be taken back. */
import { fullTime } from '#lib/mail/dates.ts'
import { shortName } from '#lib/mail/people.ts'
import type { Composition, Departure, Outcome, Recipient } from '#lib/state/compose.ts'
import type { Trouble } from '#lib/state/mail.ts'
import type { Notices, Undo } from '#lib/state/notices.svelte.ts'
import type { Words } from '#lib/words/en.ts'
import type { DeliveryWords } from '#lib/words/later.ts'
import { troubleWord } from './trouble.ts'

export interface NoticeWords {
  readonly delivery: DeliveryWords
  readonly mail: Words['mail']
}

interface Told {
  /** as it is now */
  departure: Departure
  /** what was told of it: it is told again if that changes */
  key: string
  /** the person takes it back, and is not told that it goes meanwhile */
  isTaken: boolean
  readonly undo: Undo
}

/** One in full; of several the first one, and how many more. */
function whoOf(to: readonly Recipient[], { others }: DeliveryWords): string {
  const [first = '', ...rest] = to.map(({ name, address }) => name.trim() || address)
  return rest.length > 0 ? others(shortName(first), rest.length) : first
}

export interface Scene {
  readonly notices: Notices
  readonly words: () => NoticeWords
  /** brings a window to the front */
  readonly show: (composition: Composition) => void
}

/** Take back a message that has not left: `undo` resolves to its open draft, or to null if it is too late. */
export async function takeBack(undo: () => Promise<Composition | null>, scene: Scene): Promise<void> {
  const { notices, words, show } = scene
  try {
    const composition = await undo()
    // That its window is open again says enough.
    if (composition) show(composition)
    else notices.say(words().delivery.tooLate)
  } catch (failure) {
    const { delivery, mail } = words()
    const word = troubleWord((failure as Partial<Trouble>).code ?? 'unavailable')
    notices.failed(`${delivery.notUndone} ${mail.trouble[word]}`, () => void takeBack(undo, scene))
  }
}

export class DepartureNotices {
  readonly #scene: Scene
  readonly #now: () => number
  /** with a network it is the mail server that does not answer */
  readonly #isOnline: () => boolean
  readonly #told = new Map<string, Told>()
  #began = false

  constructor(scene: Scene, now: () => number = Date.now, isOnline = (): boolean => navigator.onLine) {
    this.#isOnline = isOnline
    this.#scene = scene
    this.#now = now
  }

  /** These are on their way now. */
  follow(departures: readonly Departure[]): void {
    const ids = new Set(departures.map(({ id }) => id))
    for (const [id, { undo }] of this.#told) {
      if (!ids.has(id)) {
        this.#told.delete(id)
        this.#scene.notices.withdraw(undo)
      }
    }
    for (const departure of departures) this.#tell(departure)
    this.#began = true
  }

  settled(outcome: Outcome): void {
    const { delivery } = this.#scene.words()
    const { timed } = this.#scene.notices.shown ?? {}
    // Another one can still be taken back, which matters more.
    if (outcome.kind === 'sent' && timed && timed.until > this.#now()) return
    if (outcome.kind === 'sent') {
      this.#scene.notices.say(delivery.sent)
      return
    }
    // It may have left: who reads "Not sent" sends it twice. Its window says that nobody knows.
    if (outcome.composition.status !== 'unknown') this.#scene.notices.say(delivery.notSent)
    this.#scene.show(outcome.composition)
  }

  #tell(departure: Departure): void {
    const { id, at, needs, scheduled } = departure
    const key = `${needs} ${at.getTime()}`
    const told = this.#told.get(id) ?? this.#added(departure)
    told.departure = departure
    if (told.key === key || told.isTaken) return
    if (told.key !== '') this.#scene.notices.withdraw(told.undo)
    told.key = key
    const isTimed = needs !== 'connection' && needs !== 'session' && !scheduled
    // What another visit of this page sent is told while it can be taken back; what waits is told elsewhere.
    const isOver = isTimed && at.getTime() <= this.#now()
    if (!isOver && (this.#began || isTimed)) this.#say(departure, told.undo)
  }

  #added(departure: Departure): Told {
    const run = (): void => {
      told.isTaken = true
      void takeBack(() => told.departure.undo(), this.#scene)
    }
    const told: Told = { departure, key: '', isTaken: false, undo: { run, done: null } }
    this.#told.set(departure.id, told)
    return told
  }

  #say({ to, at, needs, scheduled }: Departure, undo: Undo): void {
    const { delivery, mail } = this.#scene.words()
    const who = whoOf(to, delivery)
    const waits = this.#isOnline() ? delivery.waitsForServer : delivery.waits
    if (needs === 'connection') this.#scene.notices.say(waits(who), undo)
    else if (needs === 'session') this.#scene.notices.say(delivery.waitsForSignIn(who), undo)
    else if (scheduled) this.#scene.notices.say(delivery.leavesOn(fullTime(at, mail.locale)), undo)
    else {
      const tab = needs === 'tab' ? `. ${delivery.keepTab}` : ''
      const left = (seconds: number): string => delivery.sendingIn(who, seconds) + tab
      this.#scene.notices.say(delivery.sending(who) + tab, undo, { until: at.getTime(), left })
    }
  }
}
