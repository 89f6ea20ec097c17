/**
 * EmailSubmission and the queue of the model server, as Stalwart 0.16 has them (crates/jmap/src/submission): it knows no
 * `ifInState`; a mail is in the queue before there is a record of it; one that is destroyed can be submitted for a moment
 * more; what is held leaves whatever becomes of its email; `onSuccessUpdateEmail` of a cancellation changes another email.
 */
import type { Arguments, Id } from '#lib/jmap/types.ts'
import type { Stored } from './stored.ts'

type Status = Record<string, { delivered: string; smtpReply: string }>

interface Submission {
  id: Id
  emailId: Id
  sendAt: string
  undoStatus: 'pending' | 'final' | 'canceled'
  deliveryStatus: Status
}

/** A mail as its recipients get it. */
export interface Delivered {
  readonly messageId: string
  readonly subject: string
  readonly rcptTo: readonly string[]
  readonly at: number
}

interface Queued {
  readonly submission: Id | null
  readonly mail: Omit<Delivered, 'at'>
  readonly at: number
}

interface Envelope {
  mailFrom?: { email: string; parameters?: Record<string, unknown> | null }
  rcptTo?: { email: string }[]
}

/** Milliseconds in which an email that is destroyed can be submitted still. */
const LINGERS = 500

export class ModelSubmissions {
  /** milliseconds since 1970 */
  clock: () => number = () => 0
  /** seconds that it offers, and that it really holds (Stalwart: 30 days, and 7) */
  maxDelayedSend = 2_592_000
  mostHeld = 604_800
  /** of each submission that is made from now on, in place of what its recipients are */
  deliveryStatus: Status | null = null
  /** why it takes none; null: it does */
  refusing: { type: string; description?: string } | null = null
  /** the next mail is queued, and no record of it written */
  losesRecord = false
  /** the next email is not filed once it is submitted */
  failsToFile = false
  /** what has left, in its order */
  readonly delivered: Delivered[] = []
  readonly records = new Map<Id, Submission>()
  readonly #emails: ReadonlyMap<Id, Stored>
  readonly #identity: (id: Id) => string | undefined
  #queue: Queued[] = []
  readonly #destroyed = new Map<Id, { email: Stored; at: number }>()

  constructor(emails: ReadonlyMap<Id, Stored>, identity: (id: Id) => string | undefined) {
    this.#emails = emails
    this.#identity = identity
  }

  /** What is due leaves. */
  run(): void {
    const now = this.clock()
    const due = this.#queue.filter(({ at }) => at <= now)
    this.#queue = this.#queue.filter(({ at }) => at > now)
    for (const { submission, mail, at } of due) {
      this.delivered.push({ ...mail, at })
      const record = this.records.get(submission ?? '')
      if (record) {
        record.undoStatus = 'final'
        Object.values(record.deliveryStatus).forEach((status) => {
          status.delivered = status.delivered === 'queued' ? 'unknown' : status.delivered
        })
      }
    }
  }

  destroyed(email: Stored): void {
    this.#destroyed.set(email.id, { email, at: this.clock() })
  }

  query({ filter = {} }: Arguments & { filter?: { emailIds?: Id[]; undoStatus?: string } }): Id[] {
    this.run()
    const since = this.clock() - 3 * 86_400_000
    return [...this.records.values()]
      .filter(({ emailId }) => !filter.emailIds || filter.emailIds.includes(emailId))
      .filter(({ undoStatus }) => !filter.undoStatus || filter.undoStatus === undoStatus)
      .filter(({ sendAt }) => Date.parse(sendAt) >= since)
      .toSorted((one, other) => Date.parse(one.sendAt) - Date.parse(other.sendAt))
      .map(({ id }) => id)
  }

  /** `patch` changes an email; `idOf` knows those that were made in the same request. */
  set(args: Arguments, patch: (id: Id, changes: Arguments) => unknown, idOf: (id: Id) => Id): Arguments {
    this.run()
    const onSuccess = (args['onSuccessUpdateEmail'] ?? {}) as Record<string, Arguments>
    const created: Record<string, object> = {}
    const notCreated: Record<string, object> = {}
    for (const [key, value] of Object.entries((args['create'] ?? {}) as Record<string, Arguments>)) {
      const made = this.#create({ ...value, emailId: idOf(value['emailId'] as Id) })
      if ('type' in made) {
        notCreated[key] = made
        continue
      }
      created[key] = { id: made.id, sendAt: made.sendAt, undoStatus: made.undoStatus }
      if (this.failsToFile) {
        this.failsToFile = false
      } else {
        patch(made.emailId, onSuccess[`#${key}`] ?? {})
      }
    }
    const updated: Record<Id, null> = {}
    const notUpdated: Record<Id, object> = {}
    for (const id of Object.keys(args['update'] ?? {})) {
      const error = this.#cancel(id)
      if (error) {
        notUpdated[id] = error
      } else {
        updated[id] = null
        // As Stalwart does: the id of the submission is taken for that of an email.
        patch(id.replace('s', 'e'), onSuccess[id] ?? {})
      }
    }
    return { created, notCreated, updated, notUpdated }
  }

  #create(value: Arguments): Submission | { type: string; description?: string } {
    const emailId = value['emailId'] as Id
    const from = this.#identity(value['identityId'] as Id)
    const gone = this.#destroyed.get(emailId)
    const email = this.#emails.get(emailId) ?? (gone && this.clock() - gone.at < LINGERS ? gone.email : undefined)
    const { mailFrom, rcptTo = [] } = (value['envelope'] ?? {}) as Envelope
    const hold = mailFrom?.parameters?.['HOLDFOR']
    const error = this.refusing ?? whyNot({ email, from, mailFrom: mailFrom?.email ?? from, rcptTo, hold }, this)
    if (error || !email) {
      return error ?? { type: 'invalidProperties' }
    }
    const to = rcptTo.map(({ email: address }) => address.toLowerCase())
    const sendAt = this.clock() + Number(hold ?? 0) * 1_000
    const deliveryStatus = structuredClone(this.deliveryStatus) ?? statusOf(to)
    const reached = to.filter((address) => deliveryStatus[address]?.delivered !== 'no')
    const isQueued = Object.values(deliveryStatus).some(({ delivered }) => delivered !== 'no')
    const id = `s${this.records.size + 1}`
    const mail = { messageId: email.messageId?.[0] ?? '', subject: email.subject ?? '', rcptTo: reached }
    if (isQueued) {
      this.#queue.push({ submission: this.losesRecord ? null : id, mail, at: sendAt })
    }
    if (this.losesRecord) {
      this.losesRecord = false
      throw new Error('serverUnavailable')
    }
    const undoStatus = isQueued ? 'pending' : 'final'
    const record: Submission = { id, emailId, sendAt: new Date(sendAt).toISOString(), undoStatus, deliveryStatus }
    this.records.set(id, record)
    this.run()
    return record
  }

  #cancel(id: Id): object | null {
    const record = this.records.get(id)
    if (!record) {
      return { type: 'notFound' }
    }
    const queued = this.#queue.find(({ submission }) => submission === id)
    if (!queued) {
      const isFinal = record.undoStatus === 'final'
      return { type: isFinal ? 'cannotUnsend' : 'invalidProperties' }
    }
    this.#queue = this.#queue.filter((one) => one !== queued)
    record.undoStatus = 'canceled'
    return null
  }
}

interface Asked {
  email: Stored | undefined
  from: string | undefined
  mailFrom: string | undefined
  rcptTo: readonly { email: string }[]
  hold: unknown
}

function whyNot(
  { email, from, mailFrom, rcptTo, hold }: Asked,
  { mostHeld }: ModelSubmissions
): { type: string; description?: string } | null {
  if (!email || from === undefined) {
    return { type: 'invalidProperties', description: email ? 'Identity not found.' : 'Email not found.' }
  }
  if (mailFrom?.toLowerCase() !== from.toLowerCase()) {
    return { type: 'forbiddenFrom', description: 'Envelope mailFrom does not match identity email address.' }
  }
  if (rcptTo.length === 0) {
    return { type: 'noRecipients', description: 'No recipients found in email.' }
  }
  if (hold !== undefined && (typeof hold !== 'string' || !/^[1-9]\d*$/u.test(hold))) {
    return { type: 'invalidProperties', description: 'Failed to parse mailFrom parameters.' }
  }
  if (Number(hold ?? 0) > mostHeld) {
    const why =
      mostHeld > 0 ? `Requested hold time exceeds maximum of ${mostHeld} seconds.` : 'FUTURERELEASE has been disabled.'
    return { type: 'forbiddenMailFrom', description: `Server rejected MAIL-FROM: 501 5.5.4 ${why}` }
  }
  return null
}

function statusOf(addresses: readonly string[]): Status {
  return Object.fromEntries(
    addresses.map((address) => [
      address,
      address.startsWith('nobody@')
        ? { delivered: 'no', smtpReply: '550 5.1.2 Mailbox does not exist.' }
        : { delivered: 'queued', smtpReply: '250 2.1.5 Queued' }
    ])
  )
}
