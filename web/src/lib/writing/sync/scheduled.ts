/**
 * What the mail server holds until its time, on whatever device it was sent. It is asked for again when mail came into
 * Sent or Drafts, or left them: that is what scheduling, undoing and sending do, and a live event tells of it. That a
 * mail has left is no change of state (Stalwart 0.16), so the clock tells it; of what this device sent, the device does.
 */
import { deliveryOf, type RefusedRecipient, type Submission } from '#lib/writing/domain/delivery.ts'
import { LONGEST_WAIT } from '#lib/writing/domain/sending.ts'
import type { Recipient } from '#lib/writing/domain/draft.ts'
import { call, reference } from '#lib/jmap/client.ts'
import type { EmailAddress, GetResponse, Id } from '#lib/jmap/types.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import { heldByDevice, noteHeld } from '#lib/sync/held-emails.ts'
import { Task } from '#lib/sync/task.ts'

/**
 * Milliseconds: what is held for less can still be undone by whoever pressed Send, here or on another device. Nobody
 * scheduled it, or its time has come.
 */
const UNDO = 35_000

const PROPERTIES = ['id', 'emailId', 'threadId', 'undoStatus', 'sendAt', 'deliveryStatus']

export interface HeldMessage {
  readonly submissionId: Id
  readonly emailId: Id
  readonly threadId: Id
  readonly to: readonly Recipient[]
  readonly subject: string
  /** milliseconds since 1970 */
  readonly sendAt: number
  readonly refused: readonly RefusedRecipient[]
}

interface Addressed {
  readonly id: Id
  readonly threadId: Id
  readonly subject: string | null
  readonly to: readonly EmailAddress[] | null
  readonly cc: readonly EmailAddress[] | null
  readonly bcc: readonly EmailAddress[] | null
}

export class Scheduled {
  onchange: () => void = () => undefined
  readonly #session: Session
  readonly #task: Task
  readonly #end: () => void
  #held: readonly HeldMessage[] | null = null
  #seen = ''
  #callOff: () => void = () => undefined

  constructor(session: Session) {
    this.#session = session
    this.#task = new Task(
      session.ports,
      () => this.#ask(),
      () => this.onchange()
    )
    this.#end = session.on('account', () => this.#follow())
    this.refresh()
  }

  /** In the order in which they leave; null until they are known. */
  get held(): readonly HeldMessage[] | null {
    return this.#held && this.#after(UNDO)
  }

  #after(milliseconds: number): readonly HeldMessage[] {
    const from = this.#session.ports.now() + milliseconds
    return (this.#held ?? []).filter(({ sendAt }) => sendAt > from)
  }

  get trouble(): Trouble | null {
    return this.#task.trouble
  }

  refresh(): void {
    this.#seen = this.#places()
    void this.#task.run()
  }

  stop(): void {
    this.#end()
    this.#callOff()
    this.#task.stop()
  }

  #follow(): void {
    if (this.#session.isKnown && this.#places() !== this.#seen) {
      this.refresh()
    }
  }

  /** How much mail lies where scheduling moves it, and what this device sends: it knows when that has left, by any clock. */
  #places(): string {
    const places = [...this.#session.objects.mailboxes.values()]
      .filter(({ role }) => role === 'sent' || role === 'drafts')
      .map(({ id, totalEmails }) => `${id} ${totalEmails}`)
    return [...places, ...heldByDevice(this.#session)].join()
  }

  async #ask(): Promise<void> {
    await this.#session.connected()
    const results = await this.#session.client.run([
      call('EmailSubmission/query', 'query', { filter: { undoStatus: 'pending' } }),
      call('EmailSubmission/get', 'submissions', {
        '#ids': reference('query', 'EmailSubmission/query', '/ids'),
        properties: PROPERTIES
      }),
      call('Email/get', 'emails', {
        '#ids': reference('submissions', 'EmailSubmission/get', '/list/*/emailId'),
        properties: ['id', 'threadId', 'subject', 'to', 'cc', 'bcc']
      })
    ])
    const emails = new Map(results.get<GetResponse<Addressed>>('emails').list.map((email) => [email.id, email]))
    this.#held = results
      .get<GetResponse<Submission>>('submissions')
      .list.flatMap((submission) => heldOf(submission, emails.get(submission.emailId ?? '')))
      .toSorted((one, other) => one.sendAt - other.sendAt)
    this.#tell()
  }

  /** Again when the next one is on its way, and when it leaves. */
  #tell(): void {
    const held = this.#after(0)
    noteHeld(this.#session, 'server', new Set(held.map(({ emailId }) => emailId)))
    this.#callOff()
    const [next] = held
    if (next) {
      const now = this.#session.ports.now()
      const left = Math.max(1, (this.#after(UNDO)[0] === next ? next.sendAt - UNDO : next.sendAt) - now)
      this.#callOff = this.#session.ports.after(Math.min(left, LONGEST_WAIT), () => this.#tell())
    }
    this.onchange()
  }
}

/** None if the response does not tell when it leaves: then nobody can tell whether it has. */
function heldOf(submission: Submission, email: Addressed | undefined): HeldMessage[] {
  const sendAt = Date.parse(submission.sendAt ?? '')
  if (!email || Number.isNaN(sendAt) || submission.undoStatus !== 'pending') {
    return []
  }
  const to = [...(email.to ?? []), ...(email.cc ?? []), ...(email.bcc ?? [])]
  return [
    {
      submissionId: submission.id,
      emailId: email.id,
      threadId: email.threadId,
      to: to.map(({ name, email: address }) => ({ name: name ?? '', address })),
      subject: email.subject ?? '',
      sendAt,
      refused: deliveryOf(submission).refused
    }
  ]
}
