/** Mailboxes made, renamed, moved, removed and emptied (RFC 8621 §2.5): calls of their own, which need a connection. */
import { call, capabilityOf, MAIL, reference } from '#lib/jmap/client.ts'
import { JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type {
  Arguments,
  Call,
  Email,
  FilterCondition,
  GetResponse,
  Id,
  QueryResponse,
  SetError,
  SetResponse
} from '#lib/jmap/types.ts'
import type { Session } from './session.ts'
import type { SyncLoop } from './sync-loop.ts'
import { Work, type Part } from './mailbox-work.ts'

/** RFC 8621 §1.3.1: no server allows less. */
const NAME_OCTETS = 100

/** New mail may arrive in a mailbox while it is emptied to be removed. */
const MOST_ARRIVALS = 5

/** Ids that are asked for at once; a server may return fewer. */
const PAGE = 5_000

type Filtering = FilterCondition & { inMailbox: Id }
/** The arguments of Email/set. */
type Change = (found: readonly Located[]) => Arguments

/** How a message lies: its id, and the mailboxes in which it is. */
type Located = Pick<Email, 'id' | 'mailboxIds'>

export class MailboxChanges {
  readonly #loop: SyncLoop
  readonly #session: Session

  constructor(loop: SyncLoop) {
    this.#loop = loop
    this.#session = loop.session
  }

  /** Octets that a name may have. */
  get longestName(): number {
    const { maxSizeMailboxName: longest } = this.#capability
    return typeof longest === 'number' ? longest : NAME_OCTETS
  }

  get mayCreateAtTop(): boolean {
    return this.#capability['mayCreateTopLevelMailbox'] !== false
  }

  get #capability(): Arguments {
    return (capabilityOf(this.#session.client, MAIL) ?? {}) as Arguments
  }

  async create(name: string, parentId: Id | null): Promise<Id> {
    const made = await this.#set({ create: { new: { name, parentId, isSubscribed: true } } })
    const id = made.created?.['new']?.id
    if (id === undefined) {
      throw refused(made.notCreated)
    }
    return id
  }

  async update(id: Id, change: { name?: string; parentId?: Id | null }): Promise<void> {
    const { notUpdated } = await this.#set({ update: { [id]: change } })
    if (notUpdated?.[id]) {
      throw refused(notUpdated)
    }
  }

  /** The mailboxes from the innermost on, and `to` for their mail. */
  remove(ids: readonly Id[], to: Id, changed: () => void): Work {
    const parts = ids.flatMap((id) => [this.#remaining(id, to), this.#removal(id, to)])
    return this.#work(ids, parts, changed)
  }

  empty(id: Id, changed: () => void): Work {
    return this.#work(
      [id],
      [
        this.#snapshotPart(
          () => this.#idsOf({ inMailbox: id }),
          id,
          (found) => destroyed(found, id)
        )
      ],
      changed
    )
  }

  /** `marked` is told the ids. */
  markAllRead(id: Id, changed: () => void, marked: (ids: readonly Id[]) => void): Work {
    const read = (found: readonly Located[]): Arguments => {
      marked(found.map((email) => email.id))
      return seen(found, true)
    }
    const total = this.#session.objects.mailboxes.get(id)?.unreadEmails ?? 0
    const ids = (): Promise<Id[]> => this.#idsOf({ inMailbox: id, notKeyword: '$seen' })
    return new Work(this.#session.ports, total, [this.#snapshotPart(ids, id, read)], changed)
  }

  markUnread(ids: readonly Id[], id: Id, changed: () => void): Work {
    const part = this.#snapshotPart(
      () => Promise.resolve(ids),
      id,
      (found) => seen(found, null)
    )
    return new Work(this.#session.ports, ids.length, [part], changed)
  }

  #work(ids: readonly Id[], parts: readonly Part[], changed: () => void): Work {
    return new Work(this.#session.ports, this.#messages(ids), parts, changed)
  }

  #messages(ids: readonly Id[]): number {
    const { mailboxes } = this.#session.objects
    return ids.reduce((sum, id) => sum + (mailboxes.get(id)?.totalEmails ?? 0), 0)
  }

  /** What matches now, and nothing that comes later: nobody was asked about that. */
  #snapshotPart(idsOf: () => Promise<readonly Id[]>, id: Id, change: Change): Part {
    let ids: readonly Id[] | null = null
    let at = 0
    return async (most) => {
      ids ??= await idsOf()
      const part = ids.slice(at, at + this.#limit(most))
      if (part.length === 0) {
        return null
      }
      await this.#change([lying({ ids: part })], id, change)
      at += part.length
      return part.length
    }
  }

  async #idsOf(filter: Filtering): Promise<Id[]> {
    const ids = new Set<Id>()
    for (let position = 0; ;) {
      const asked = await this.#session.client.run([oldest(filter, position, PAGE)])
      const { ids: page } = asked.get<QueryResponse>('query')
      page.forEach((id) => ids.add(id))
      position += page.length
      if (page.length === 0) {
        return [...ids]
      }
    }
  }

  /** The oldest that lie in the mailbox, as long as there are any. */
  #remaining(id: Id, to: Id): Part {
    return (most) => {
      const ids = { '#ids': reference('query', 'Email/query', '/ids') }
      const asked = [oldest({ inMailbox: id }, 0, this.#limit(most)), lying(ids)]
      return this.#change(asked, id, (found) => moved(found, id, to))
    }
  }

  #limit(most: number): number {
    const { maxObjectsInSet, maxObjectsInGet } = this.#session.client.limits
    return Math.min(most, maxObjectsInSet, maxObjectsInGet)
  }

  /** Change what `asked` finds in the mailbox, unless somebody changed mail since then. Null if it finds nothing. */
  async #change(asked: readonly Call[], id: Id, change: Change): Promise<number | null> {
    const { client } = this.#session
    const { list, state } = (await client.run(asked)).get<GetResponse<Located>>('get')
    // Somebody may have saved it from the Trash meanwhile.
    const found = list.filter(({ mailboxIds }) => mailboxIds[id])
    if (found.length === 0) {
      return null
    }
    const setting = client.run([call('Email/set', 'set', { ifInState: state, ...change(found) })])
    // In the same request: what changed, and the counts.
    const round = this.#loop.hint()
    const set = (await setting).get<SetResponse>('set')
    await round
    // What is gone needs no change.
    const [wrong] = Object.values({ ...set.notUpdated, ...set.notDestroyed }).filter(({ type }) => type !== 'notFound')
    if (wrong) {
      throw refusal(wrong)
    }
    return found.length
  }

  /** RFC 8621 §2.5: it is never asked to remove mail along with it. */
  #removal(id: Id, to: Id): Part {
    const remaining = this.#remaining(id, to)
    let arrivals = 0
    return async (most) => {
      const { notDestroyed } = await this.#set({ destroy: [id], onDestroyRemoveEmails: false })
      const error = notDestroyed?.[id]
      if (!error || error.type === 'notFound') {
        return null
      }
      arrivals += 1
      if (error.type !== 'mailboxHasEmail' || arrivals > MOST_ARRIVALS) {
        throw refusal(error)
      }
      return (await remaining(most)) ?? 0
    }
  }

  async #set(change: Arguments): Promise<SetResponse> {
    await this.#session.connected()
    const setting = this.#session.client.run([call('Mailbox/set', 'set', change)])
    // Also if no response came: it may have been done.
    const round = this.#loop.hint()
    try {
      return (await setting).get<SetResponse>('set')
    } finally {
      await round
    }
  }
}

function refused(errors: Record<string, SetError> | null | undefined): JmapFailure {
  const [error] = Object.values(errors ?? {})
  return error ? refusal(error) : new JmapFailure('unknown')
}

function oldest(filter: Filtering, position: number, limit: number): Call {
  const sort = [{ property: 'receivedAt', isAscending: true }]
  return call('Email/query', 'query', { filter, sort, position, limit })
}

function lying(ids: Arguments): Call {
  return call('Email/get', 'get', { ...ids, properties: ['id', 'mailboxIds'] })
}

function seen(found: readonly Located[], on: true | null): Arguments {
  return { update: Object.fromEntries(found.map(({ id }) => [id, { 'keywords/$seen': on }])) }
}

/** What lies in another mailbox, too, is only taken out of this one. */
function moved(found: readonly Located[], from: Id, to: Id): Arguments {
  const patch = (email: Located): Arguments =>
    isOnlyIn(email, from) ? { mailboxIds: { [to]: true } } : { [`mailboxIds/${from}`]: null }
  return { update: Object.fromEntries(found.map((email) => [email.id, patch(email)])) }
}

function destroyed(found: readonly Located[], from: Id): Arguments {
  const others = found.filter((email) => !isOnlyIn(email, from))
  return {
    destroy: found.filter((email) => isOnlyIn(email, from)).map(({ id }) => id),
    ...(others.length > 0 && moved(others, from, from))
  }
}

function isOnlyIn({ mailboxIds }: Located, id: Id): boolean {
  return Object.keys(mailboxIds).every((other) => other === id)
}
