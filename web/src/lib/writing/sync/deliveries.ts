/** Whom the person's own messages reached, as far as the mail server knows it still: Stalwart does for three days. */
import { deliveryOf, isSent, type Delivery, type Submission } from '#lib/writing/domain/delivery.ts'
import { call, reference } from '#lib/jmap/client.ts'
import type { GetResponse, Id } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'

/** Milliseconds after which it is asked again about one that was on its way. */
const LATER = 60_000

interface Known {
  readonly delivery: Delivery | null
  /** it may change until then: milliseconds since 1970; Infinity: it does not */
  readonly until: number
}

export class Deliveries {
  onchange: () => void = () => undefined
  readonly #session: Session
  readonly #known = new Map<Id, Known>()
  readonly #asked = new Set<Id>()

  constructor(session: Session) {
    this.#session = session
  }

  of(emailId: Id): Delivery | null {
    return this.#known.get(emailId)?.delivery ?? null
  }

  /** One question for all that are not known. Without a response it is asked again next time. */
  async ask(emailIds: readonly Id[]): Promise<void> {
    const now = this.#session.ports.now()
    const wanted = emailIds.filter((id) => !this.#asked.has(id) && (this.#known.get(id)?.until ?? 0) <= now)
    if (wanted.length === 0 || !this.#session.isKnown) {
      return
    }
    wanted.forEach((id) => this.#asked.add(id))
    try {
      this.#learn(wanted, await this.#submissionsOf(wanted), now)
      this.onchange()
    } catch {
      // It is not worth a message: what was refused is told by mail, too.
    } finally {
      wanted.forEach((id) => this.#asked.delete(id))
    }
  }

  async #submissionsOf(emailIds: readonly Id[]): Promise<readonly Submission[]> {
    const results = await this.#session.client.run([
      call('EmailSubmission/query', 'query', { filter: { emailIds } }),
      call('EmailSubmission/get', 'get', {
        '#ids': reference('query', 'EmailSubmission/query', '/ids'),
        properties: ['id', 'emailId', 'undoStatus', 'deliveryStatus']
      })
    ])
    return results.get<GetResponse<Submission>>('get').list
  }

  #learn(emailIds: readonly Id[], submissions: readonly Submission[], now: number): void {
    for (const id of emailIds) {
      const sent = submissions.find((submission) => submission.emailId === id && isSent(submission))
      const isOpen = sent?.undoStatus === 'pending'
      this.#known.set(id, { delivery: sent ? deliveryOf(sent) : null, until: isOpen ? now + LATER : Infinity })
    }
  }
}
