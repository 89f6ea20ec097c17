/** Notices of messages that are being sent, and of what became of them. The person can undo a sending from its notice. */
import { fullTime } from '#lib/mail/dates.ts'
import { shortName } from '#lib/mail/people.ts'
import type { Composition, OutgoingMessage, Outcome, Recipient } from '#lib/writing/state/compose.ts'
import type { Trouble } from '#lib/state/mail.ts'
import type { Notices, Undo } from '#lib/state/notices.svelte.ts'
import type { Words } from '#lib/words/en.ts'
import type { DeliveryWords } from '#lib/words/parts.ts'
import { troubleWord } from '#lib/state/trouble.ts'

export interface NoticeWords {
  readonly delivery: DeliveryWords
  readonly mail: Words['mail']
}

interface Told {
  /** as it is now */
  message: OutgoingMessage
  /** what the notice says of it; if that changes, there is a new notice */
  key: string
  /** the person undoes the sending, and gets no notice of it meanwhile */
  isUndoing: boolean
  readonly undo: Undo
}

/** The only recipient in full; of several the first one, and how many more. */
function whoOf(to: readonly Recipient[], { others }: DeliveryWords): string {
  const [first = '', ...rest] = to.map(({ name, address }) => name.trim() || address)
  return rest.length > 0 ? others(shortName(first), rest.length) : first
}

export interface Scene {
  readonly notices: Notices
  readonly words: () => NoticeWords
  /** brings a window to the front */
  readonly show: (composition: Composition) => void
  /** opens a window for which nobody asked */
  readonly reveal: (composition: Composition) => void
}

/** Undoes a sending: `undo` resolves to the open draft, or to null if it is too late. */
export async function undoSending(
  undo: () => Promise<Composition | null>,
  scene: Omit<Scene, 'reveal'>
): Promise<void> {
  const { notices, words, show } = scene
  try {
    const composition = await undo()
    // The window that opens says enough.
    if (composition) show(composition)
    else notices.say(words().delivery.tooLate)
  } catch (failure) {
    const { delivery, mail } = words()
    const word = troubleWord((failure as Partial<Trouble>).code ?? 'unavailable')
    notices.failed(`${delivery.notUndone} ${mail.trouble[word]}`, () => void undoSending(undo, scene))
  }
}

export class SendingNotices {
  readonly #scene: Scene
  readonly #now: () => number
  /** if there is a network, it is the mail server that does not respond */
  readonly #isOnline: () => boolean
  readonly #told = new Map<string, Told>()
  #began = false

  constructor(scene: Scene, now: () => number = Date.now, isOnline = (): boolean => navigator.onLine) {
    this.#isOnline = isOnline
    this.#scene = scene
    this.#now = now
  }

  /** Shows notices of the messages that are being sent now. */
  follow(outgoing: readonly OutgoingMessage[]): void {
    const ids = new Set(outgoing.map(({ id }) => id))
    for (const [id, { undo }] of this.#told) {
      if (!ids.has(id)) {
        this.#told.delete(id)
        this.#scene.notices.withdraw(undo)
      }
    }
    for (const message of outgoing) this.#tell(message)
    this.#began = true
  }

  ended(outcome: Outcome): void {
    const { delivery } = this.#scene.words()
    const { timed } = this.#scene.notices.shown ?? {}
    // The notice of another message, whose sending can still be undone, matters more.
    if (outcome.kind === 'sent' && timed && timed.until > this.#now()) return
    if (outcome.kind === 'sent') {
      this.#scene.notices.say(delivery.sent)
      return
    }
    // It may have left: a person who reads "Not sent" would send it twice. Its window says that nobody knows.
    if (outcome.composition.status !== 'unknown') this.#scene.notices.say(delivery.notSent)
    this.#scene.reveal(outcome.composition)
  }

  #tell(message: OutgoingMessage): void {
    const { id, at, needs, scheduled } = message
    const key = `${needs} ${at.getTime()}`
    const told = this.#told.get(id) ?? this.#added(message)
    told.message = message
    if (told.key === key || told.isUndoing) return
    if (told.key !== '') this.#scene.notices.withdraw(told.undo)
    told.key = key
    const isTimed = needs !== 'connection' && needs !== 'session' && !scheduled
    // A message that was sent before a reload has a notice only while it can be undone; elsewhere the page says what waits.
    const isOver = isTimed && at.getTime() <= this.#now()
    if (!isOver && (this.#began || isTimed)) this.#say(message, told.undo)
  }

  #added(message: OutgoingMessage): Told {
    const run = (): void => {
      told.isUndoing = true
      void undoSending(() => told.message.undo(), this.#scene)
    }
    const told: Told = { message, key: '', isUndoing: false, undo: { run, done: null } }
    this.#told.set(message.id, told)
    return told
  }

  #say({ to, at, needs, scheduled }: OutgoingMessage, undo: Undo): void {
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
