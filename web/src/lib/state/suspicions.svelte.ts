/** What is suspicious about a message beside its addresses: compared with whom the person knows, and with its links. */
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Authentication } from '#lib/mail/authentication.ts'
import { deceptiveLink } from '#lib/mail/deceptive-link.ts'
import type { Named } from '#lib/mail/honest-first.ts'
import { imitationOf, type Imitation } from '#lib/mail/imitations.ts'
import { ownPlaces } from '#lib/mail/link-targets.ts'
import { lookalikeOf, lookalikesOf, worstOf } from '#lib/mail/lookalikes.ts'
import type { KnownSender } from '#lib/mail/senders.ts'
import { keyOf, type Warning } from '#lib/mail/warnings.ts'
import { historyIn, learnSenders } from '#lib/sync/sender-history.ts'
import type { PartContext } from './part-context.ts'
import type { Body, Message, Row } from './mail.ts'
import { Signal } from './signal.svelte.ts'

/** Milliseconds: what is shown comes first. */
const LEARN_AFTER = 15_000
/** Addresses about which is known what they imitate: of the rows of a long list. */
const MOST_FOUND = 2_000

export class Suspicions {
  readonly #context: PartContext
  #known = $state.raw<readonly KnownSender[]>([])
  /** A body is looked through once. */
  readonly #links = new WeakMap<Body, Warning | null>()
  /** Each address is compared with all that are known, once. */
  readonly #found = new Map<string, Imitation | null>()
  readonly #marked = new WeakMap<Row, Row>()
  readonly #decisions = new Signal()
  /** The history is read, or it could not be. */
  readonly ready: Promise<void>

  constructor(context: PartContext) {
    this.#context = context
    const { ports } = context.session
    const read = this.#quietly(context.document.read().then((settings) => this.#take(historyIn(settings))))
    this.ready = read
    ports.after(LEARN_AFTER, () => void this.#quietly(this.#learn()))
    context.session.on('account', () => this.#decisions.notify())
  }

  /** The worst that the person does not know. */
  warningOf(message: Message, isKnown: (warning: Warning) => boolean): Warning | null {
    const isBulk = message.list !== '' || message.unsubscribe !== ''
    const found = lookalikesOf({ ...message, isBulk }, this.#known)
    return worstOf([...found, this.#linkOf(message, isBulk)], isKnown)
  }

  /** The address like which this one looks; null if it looks like none, or if the person says that they know it. */
  imitatedBy(person: Named): string | null {
    const known = this.#known
    const key = JSON.stringify([person.address, person.name])
    let found = this.#found.get(key)
    if (found === undefined) {
      if (this.#found.size >= MOST_FOUND) this.#found.clear()
      this.#found.set(key, (found = imitationOf(person, known)))
    }
    if (!found) return null
    this.#decisions.track()
    return this.#context.senders.warnings.has(keyOf(found.warning)) ? null : found.of
  }

  /** A row whose sender imitates somebody has a warning; of what the person wrote it shows to whom. */
  marked(row: Row): Row {
    const isSound = row.warning || row.draft || row.people.every((one) => one.own || this.imitatedBy(one) === null)
    if (isSound) return row
    const marked = this.#marked.get(row) ?? { ...row, warning: true }
    this.#marked.set(row, marked)
    return marked
  }

  #take(known: readonly KnownSender[]): void {
    this.#found.clear()
    this.#known = known
  }

  async #learn(): Promise<void> {
    this.#take(await learnSenders(this.#context.session, this.#context.document, looksLikeAnother))
  }

  /** Newsletters count who opens a link, and so it leads elsewhere than it says: nothing strange if they are who they say. */
  #linkOf(message: Message, isBulk: boolean): Warning | null {
    const { body, own, authentication } = message
    if (!body?.html || own || (isBulk && authentication === 'passed')) return null
    let found = this.#links.get(body)
    if (found === undefined) {
      const link = deceptiveLink(body.html, ownPlaces(message))
      found = link && { kind: 'linkElsewhere', ...link }
      this.#links.set(body, found)
    }
    return found
  }

  /** Without the network, or the settings, only what needs no history is told. */
  async #quietly(work: Promise<unknown>): Promise<void> {
    try {
      await work
    } catch (failure) {
      if (!(failure instanceof JmapFailure)) this.#context.session.ports.report(failure)
    }
  }
}

function looksLikeAnother(address: string, name: string, known: readonly KnownSender[]): boolean {
  const from = [{ name, address, own: false }]
  const authentication: Authentication = 'unknown'
  const others = known.filter((one) => one.address !== address)
  return lookalikeOf({ from, replyTo: [], own: false, authentication, isBulk: false }, others) !== null
}

export function create(context: PartContext): Suspicions {
  return new Suspicions(context)
}
