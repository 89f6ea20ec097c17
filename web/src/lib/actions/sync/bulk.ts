/** An action on all emails that match a query: in parts, which can be stopped between two of them and undone. */
import { call } from '#lib/jmap/client.ts'
import type { Call, Email, GetResponse, Id, QueryResponse } from '#lib/jmap/types.ts'
import { isHeldBack, MOST_UNDONE, patchesOf, type Action, type Place } from '#lib/actions/domain/action.ts'
import { inverseOf, ofEmails, withoutEmails, type Entry } from '#lib/actions/domain/entry.ts'
import type { MutableProperties, Patch } from '#lib/store/objects.ts'
import type { ListQuery } from '#lib/store/query.ts'
import type { Session } from '#lib/sync/session.ts'
import { queryOf } from '#lib/sync/calls.ts'
import { mutable } from './email-set.ts'
import type { Outbox } from './outbox.ts'

/** Emails of one part; servers allow at least as many (RFC 8620 §2, maxObjectsInSet). */
const PART = 500
/** Ids of one response. */
const IDS = 5_000

export class BulkRun {
  /** emails; null until it is known */
  total: number | null = null
  done = 0
  /** emails that stay because they are still to be sent */
  held = 0
  state: 'running' | 'done' | 'stopped' | 'failed' = 'running'
  failure: unknown = null
  readonly #session: Session
  readonly #outbox: Outbox
  readonly #changed: () => void
  #inverse: Patch[] = []
  #left = 0
  /** emails of the part that the server has not answered */
  #onItsWay = 0
  #part: Promise<void> = Promise.resolve()

  constructor(session: Session, outbox: Outbox, changed: () => void) {
    this.#session = session
    this.#outbox = outbox
    this.#changed = changed
  }

  stop(): void {
    if (this.state === 'running') {
      // What is on its way cannot be called back.
      this.done += this.#onItsWay
      this.#is('stopped')
    }
  }

  /** emails to which it was not done */
  get left(): number {
    return this.#left + this.held
  }

  get canUndo(): boolean {
    const isDone = this.#inverse.length > 0 || this.#onItsWay > 0
    return this.state !== 'running' && isDone && (this.total ?? 0) <= MOST_UNDONE
  }

  /** Do it. The ids are all taken first: what the action changes may make an email match no more. */
  async run(action: Action, query: ListQuery, place: Place, names: Entry['names']): Promise<void> {
    const each = { ...place, conversations: false }
    await this.#inParts(async () => {
      const ids = await this.#matching(query)
      await this.#each(
        ids,
        async (part) => {
          const emails = (await this.#facts(part)).filter((email) => isIn(query, email))
          this.held += emails.filter((email) => isHeldBack(action, [email], each)).length
          return emails.flatMap((email) => patchesOf(action, [email], each))
        },
        names
      )
    })
  }

  /** Take back what `run` did, as another run. */
  async undo(done: BulkRun, names: Entry['names']): Promise<void> {
    await this.#inParts(async () => {
      await done.#part
      const patches = done.#inverse
      // Once: what is done to these emails later is not meant.
      done.#inverse = []
      const ids = [...new Set(patches.flatMap(({ emailIds }) => emailIds))]
      await this.#each(ids, (part) => Promise.resolve(ofEmails(patches, new Set(part))), names)
    })
  }

  async #inParts(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      if (this.#isRunning()) {
        this.#is('done')
      }
    } catch (failure) {
      this.failure = failure
      this.#is('failed')
    }
  }

  async #each(ids: readonly Id[], patchesFor: (part: Id[]) => Promise<Patch[]>, names: Entry['names']): Promise<void> {
    this.total = ids.length
    this.#changed()
    const { maxObjectsInSet, maxObjectsInGet } = this.#session.client.limits
    const size = Math.min(PART, maxObjectsInSet, maxObjectsInGet)
    for (let at = 0; at < ids.length && this.#isRunning(); at += size) {
      const part = ids.slice(at, at + size)
      const patches = joined(await patchesFor(part))
      if (this.#isRunning()) {
        this.#onItsWay = part.length
        this.#part = this.#do(patches, names)
        await this.#part
        this.done += this.#isRunning() ? part.length : 0
        this.#onItsWay = 0
        this.#changed()
      }
    }
  }

  /** One part, until the server has answered. */
  async #do(patches: readonly Patch[], names: Entry['names']): Promise<void> {
    if (patches.length === 0) {
      return
    }
    const inverse = patches.flatMap((patch) => inverseOf(patch, (id) => this.#before.get(id)))
    const notUpdated = await this.#outbox.add(patches, names).settled
    this.#left += notUpdated.size
    this.#inverse.push(...withoutEmails(inverse, notUpdated))
  }

  /** the emails of the part as they were */
  #before = new Map<Id, Email>()

  async #matching(query: ListQuery): Promise<Id[]> {
    const ids = new Set<Id>()
    for (let more = true; more;) {
      const results = await this.#session.client.run([matching(query, ids.size)])
      const response = results.get<QueryResponse>('query')
      const before = ids.size
      response.ids.forEach((id) => ids.add(id))
      // A server may give fewer than were asked for; one that gives none twice has no more.
      more = ids.size > before && ids.size < (response.total ?? 0)
    }
    return [...ids]
  }

  async #facts(ids: readonly Id[]): Promise<Email[]> {
    const results = await this.#session.client.run(mutable(ids))
    // What an action looks at is among these properties.
    const listed = results.get<GetResponse<MutableProperties>>('get').list as Email[]
    const emails = listed.flatMap((email) => this.#session.objects.withPending(email) ?? [])
    this.#before = new Map(emails.map((email) => [email.id, email]))
    return emails
  }

  #isRunning(): boolean {
    return this.state === 'running'
  }

  #is(state: BulkRun['state']): void {
    this.state = state
    this.#changed()
  }
}

/** Not if the person has just moved it elsewhere, which the server may not know yet. */
function isIn({ mailboxId }: ListQuery, { mailboxIds }: Email): boolean {
  return mailboxId === null || mailboxIds[mailboxId] === true
}

/** Patches that say the same, as one. */
function joined(patches: readonly Patch[]): Patch[] {
  const groups = new Map<string, Patch & { emailIds: Id[] }>()
  for (const { emailIds, ...patch } of patches) {
    const key = JSON.stringify(patch)
    const group = groups.get(key)
    if (group) {
      group.emailIds.push(...emailIds)
    } else {
      groups.set(key, { ...patch, emailIds: [...emailIds] })
    }
  }
  return [...groups.values()]
}

/** Ids of all emails that match, conversations or not. */
function matching(query: ListQuery, position: number): Call {
  return call('Email/query', 'query', { ...queryOf(query), collapseThreads: false, position, limit: IDS })
}
