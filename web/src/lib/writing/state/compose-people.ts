/** Whom one may write to, by what is typed: the mail of this device tells, and the address book of the mail server. */
import type { Recipient } from '#lib/writing/domain/draft.ts'
import { honestFirst } from '#lib/mail/honest-first.ts'
import type { Session } from '#lib/sync/session.ts'
import { contactsOf, type Contacts } from '#lib/writing/sync/contacts.ts'
import { correspondents } from '#lib/search/sync/correspondents.ts'
import type { Suggestion } from './compose.ts'
import type { MakePart } from '#lib/state/part-context.ts'
import { create as suspicions, type Suspicions } from '#lib/state/suspicions.svelte.ts'

const MOST = 8
/** Milliseconds: who types does not wait for a network that is not there. */
const MOST_WAITED = 500
const NOBODY: Contacts = { people: [], groups: [] }

export class People {
  readonly #session: Session
  readonly #part: MakePart
  #known: { readonly found: Promise<readonly Recipient[]>; readonly generation: number } | null = null
  #contacts: Promise<Contacts> | null = null

  constructor(session: Session, part: MakePart) {
    this.#session = session
    this.#part = part
  }

  /** Those whose name or address has a word that begins so come first, who imitates others last; nobody of `except`. */
  async suggest(text: string, except: readonly Recipient[]): Promise<readonly Suggestion[]> {
    const wanted = folded(text.trim())
    if (wanted === '') {
      return []
    }
    const taken = new Set(except.map(({ address }) => address.toLowerCase()))
    const [people, { people: contacts, groups }, doubts] = await Promise.all([
      this.#people(),
      this.#ask(),
      this.#suspicions()
    ])
    const suggestions: Suggestion[] = [
      ...groups.map(({ name, members }) => ({ name, address: '', members })),
      ...unique([...people, ...contacts]).filter(({ address }) => !taken.has(address.toLowerCase()))
    ]
    const found = suggestions.filter(({ name, address }) => folded(`${name} ${address}`).includes(wanted))
    const begins = (one: Suggestion): boolean => beginsWith(folded(`${one.name} ${one.address}`), wanted)
    const all = [...found.filter(begins), ...found.filter((one) => !begins(one))]
    return honestFirst(all, MOST, (one) => doubts.imitatedBy(one))
  }

  #people(): Promise<readonly Recipient[]> {
    const { generation } = this.#session.objects
    if (this.#known?.generation !== generation) {
      this.#known = { found: this.#meet(), generation }
    }
    return this.#known.found
  }

  async #meet(): Promise<readonly Recipient[]> {
    const { kept, objects, address } = this.#session
    return correspondents(objects, await kept.searches(), address).catch(() => [])
  }

  /** Once; a failure is harmless. */
  #ask(): Promise<Contacts> {
    if (!this.#session.isKnown) {
      return Promise.resolve(NOBODY)
    }
    this.#contacts ??= contactsOf(this.#session).catch(() => {
      this.#contacts = null
      return NOBODY
    })
    return this.#inTime(this.#contacts, NOBODY)
  }

  async #suspicions(): Promise<Suspicions> {
    const found = this.#part(suspicions)
    await this.#inTime(found.ready, undefined)
    return found
  }

  #inTime<T>(work: Promise<T>, otherwise: T): Promise<T> {
    const late = new Promise<T>((resolve) => this.#session.ports.after(MOST_WAITED, () => resolve(otherwise)))
    return Promise.race([work, late])
  }
}

function unique(people: readonly Recipient[]): Recipient[] {
  const found = new Map<string, Recipient>()
  for (const person of people) {
    const key = person.address.toLowerCase()
    const before = found.get(key)
    if (!before || (before.name === '' && person.name !== '')) found.set(key, person)
  }
  return [...found.values()]
}

function beginsWith(text: string, wanted: string): boolean {
  return text.startsWith(wanted) || text.split(/[\s@.,"'()<>-]+/u).some((word) => word.startsWith(wanted))
}

function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
