/** What is suspicious about a message beside its addresses: compared with whom the person knows, and with its links. */
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Authentication } from '#lib/mail/authentication.ts'
import { deceptiveLink } from '#lib/mail/link-targets.ts'
import { lookalikeOf } from '#lib/mail/lookalikes.ts'
import type { KnownSender } from '#lib/mail/senders.ts'
import type { Warning } from '#lib/mail/warnings.ts'
import { historyIn, learnSenders } from '#lib/sync/sender-history.ts'
import type { Inside } from './inside.ts'
import type { Body, Message } from './mail.ts'

/** Milliseconds: what is shown comes first. */
const LEARN_AFTER = 15_000

export class Suspicions {
  readonly #inside: Inside
  #known = $state.raw<readonly KnownSender[]>([])
  /** A body is looked through once. */
  readonly #links = new WeakMap<Body, Warning | null>()

  constructor(inside: Inside) {
    this.#inside = inside
    const { ports } = inside.account
    this.#quietly(inside.document.read().then((settings) => (this.#known = historyIn(settings))))
    ports.after(LEARN_AFTER, () => this.#quietly(this.#learn()))
  }

  warningOf(message: Message): Warning | null {
    const isBulk = message.list !== '' || message.unsubscribe !== ''
    return lookalikeOf({ ...message, isBulk }, this.#known) ?? this.#linkOf(message, isBulk)
  }

  async #learn(): Promise<void> {
    this.#known = await learnSenders(this.#inside.account, this.#inside.document, looksLikeAnother)
  }

  /** Newsletters count who opens a link, and so it leads elsewhere than it says: nothing strange if they are who they say. */
  #linkOf({ body, own, authentication }: Message, isBulk: boolean): Warning | null {
    if (!body?.html || own || (isBulk && authentication === 'passed')) return null
    let found = this.#links.get(body)
    if (found === undefined) {
      const link = deceptiveLink(body.html)
      found = link && { kind: 'linkElsewhere', ...link }
      this.#links.set(body, found)
    }
    return found
  }

  /** Without the network, or the settings, only what needs no history is told. */
  #quietly(work: Promise<unknown>): void {
    work.catch((failure: unknown) => {
      if (!(failure instanceof JmapFailure)) this.#inside.account.ports.report(failure)
    })
  }
}

function looksLikeAnother(address: string, name: string, known: readonly KnownSender[]): boolean {
  const from = [{ name, address, own: false }]
  const authentication: Authentication = 'unknown'
  const others = known.filter((one) => one.address !== address)
  return lookalikeOf({ from, replyTo: [], own: false, authentication, isBulk: false }, others) !== null
}

export function create(inside: Inside): Suspicions {
  return new Suspicions(inside)
}
