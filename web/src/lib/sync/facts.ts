/** What the server's responses say, laid into the objects, and the states up to which that is known (RFC 8620 §5.2). */
import type { Results } from '#lib/jmap/results.ts'
import type { ChangesResponse, Email, GetResponse, Id, Mailbox, QuotaObject, Thread } from '#lib/jmap/types.ts'
import type { MutableProperties, Objects } from '#lib/store/objects.ts'
import type { ThreadEmails } from './thread-emails.ts'

export class Facts {
  /** null until the server told it, or if it does not know it any more */
  emailState: string | null = null
  mailboxState: string | null = null
  /** octets; null if the server has no quota for this account */
  quota: { used: number; limit: number } | null = null
  /** It grows with all that the server tells of emails. A response that was asked for before that may be older than what
   * is known. */
  generation = 0
  readonly #objects: Objects

  constructor(objects: Objects) {
    this.#objects = objects
  }

  /** All is asked for anew; what is known stays until the responses are here. */
  lose(): void {
    this.emailState = null
    this.mailboxState = null
  }

  /** Whether the response tells what changed. A long row of changes counts as none: the list anew costs less. */
  static tells(emails: Results): boolean {
    return !isLost(emails) && !emails.get<ChangesResponse>('changes').hasMoreChanges
  }

  /** Whether it told all that is new; else the next round asks for the rest, or for all of them. */
  takeMailboxes(results: Results): boolean {
    this.#takeQuota(results)
    if (this.mailboxState === null) {
      const { state, list } = results.get<GetResponse<Mailbox>>('get')
      this.#objects.putMailboxes(list)
      this.mailboxState = state
      return true
    }
    if (isLost(results)) {
      this.mailboxState = null
      return false
    }
    const changes = results.get<ChangesResponse>('changes')
    const created = results.get<GetResponse<Mailbox>>('created').list
    const updated = results.get<GetResponse<Mailbox>>('updated').list
    this.#objects.updateMailboxes([...created, ...updated], changes.destroyed)
    this.mailboxState = changes.newState
    return !changes.hasMoreChanges
  }

  /** `anew`: nothing that was known counts. */
  takeThreads(found: ThreadEmails, anew: boolean): void {
    if (anew) {
      this.#objects.forgetEmails()
      this.emailState = found.state
    }
    // The conversations first: an email that one of them names needs no place of its own in it.
    this.#objects.putThreads(found.threads)
    this.#objects.putEmails(found.emails)
    this.generation += found.threads.length
  }

  takeEmails(results: Results): void {
    const changes = results.get<ChangesResponse>('changes')
    this.#objects.putThreads(results.get<GetResponse<Thread>>('threads').list)
    this.#objects.putEmails(results.get<GetResponse<Email>>('created').list)
    this.#objects.updateEmails(results.get<GetResponse<MutableProperties>>('updated').list)
    this.#objects.removeEmails(changes.destroyed)
    this.emailState = changes.newState
    this.generation += changes.created.length + changes.updated.length + changes.destroyed.length
  }

  /** All emails that changed, known here or not. */
  static changedIn(emails: Results | null): Id[] {
    const changes = emails?.find<ChangesResponse>('changes')
    return changes ? [...changes.created, ...changes.updated, ...changes.destroyed] : []
  }

  /** The emails that an account did not have before. */
  static createdIn(emails: Results | null): readonly Email[] {
    return emails?.find<GetResponse<Email>>('created')?.list ?? []
  }

  /** RFC 9425 §4.2: of the octets of one's own mail. */
  #takeQuota(results: Results): void {
    const list = results.find<GetResponse<QuotaObject>>('quota')?.list
    const own = list?.find(({ resourceType, scope }) => resourceType === 'octets' && scope === 'account')
    if (list) {
      this.quota = own ? { used: own.used, limit: own.hardLimit } : null
    }
  }
}

/** The server does not know the state any more. Other failures of the call are raised. */
function isLost(results: Results): boolean {
  if (results.errorOf('changes') === 'cannotCalculateChanges') {
    return true
  }
  results.get('changes')
  return false
}
