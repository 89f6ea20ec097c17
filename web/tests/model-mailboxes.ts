/** The mailboxes of the model server, and Mailbox/set (RFC 8621 §2.5). */
import type { Arguments, Email, Id, Mailbox, SetError } from '#lib/jmap/types.ts'
import type { Stored } from './stored.ts'

export type Place = Pick<Mailbox, 'id' | 'name' | 'parentId' | 'role' | 'sortOrder'>

export const LONGEST_NAME = 255

const MAY = {
  mayReadItems: true,
  mayAddItems: true,
  mayRemoveItems: true,
  maySetSeen: true,
  mayCreateChild: true,
  mayRename: true,
  mayDelete: true
}

class Refusal extends Error {
  readonly error: SetError

  constructor(type: string, more: Partial<SetError> & { properties?: string[] } = {}) {
    super(type)
    this.error = { type, ...more }
  }
}

export class ModelMailboxes {
  readonly places = new Map<Id, Place>()
  /** what the person may not do with a mailbox */
  readonly rights = new Map<Id, Partial<Mailbox['myRights']>>()
  readonly #emails: ReadonlyMap<Id, Stored>
  readonly #changed: (id: Id, how: 'created' | 'updated' | 'destroyed') => void
  #next = 1

  constructor(emails: ReadonlyMap<Id, Stored>, changed: (id: Id, how: 'created' | 'updated' | 'destroyed') => void) {
    this.#emails = emails
    this.#changed = changed
  }

  add(place: Partial<Place> & { id: Id }): void {
    this.places.set(place.id, { name: place.id, parentId: null, role: null, sortOrder: this.places.size, ...place })
  }

  set(args: Arguments, remove: (emailId: Id, mailboxId: Id) => void): Arguments {
    const created: Record<string, { id: Id }> = {}
    const updated: Record<Id, null> = {}
    const destroyed: Id[] = []
    const errors: Record<'notCreated' | 'notUpdated' | 'notDestroyed', Record<string, SetError>> = {
      notCreated: {},
      notUpdated: {},
      notDestroyed: {}
    }
    const each = (kind: keyof typeof errors, key: string, work: () => void): void => {
      try {
        work()
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal
        errors[kind][key] = refusal.error
      }
    }
    for (const [key, value] of Object.entries((args['create'] ?? {}) as Record<string, Partial<Place>>)) {
      each('notCreated', key, () => (created[key] = { id: this.#create(value) }))
    }
    for (const [id, patch] of Object.entries((args['update'] ?? {}) as Record<Id, Partial<Place>>)) {
      each('notUpdated', id, () => {
        this.#update(id, patch)
        updated[id] = null
      })
    }
    for (const id of (args['destroy'] ?? []) as Id[]) {
      each('notDestroyed', id, () => {
        this.#destroy(id, args['onDestroyRemoveEmails'] === true, remove)
        destroyed.push(id)
      })
    }
    return { created, updated, destroyed, ...errors }
  }

  #create(value: Partial<Place>): Id {
    const place = { id: `m${this.#next++}`, name: '', parentId: null, role: null, sortOrder: 0, ...value }
    this.#check(place)
    this.places.set(place.id, place)
    this.#changed(place.id, 'created')
    return place.id
  }

  #update(id: Id, patch: Partial<Place>): void {
    const known = this.#known(id)
    if (this.rights.get(id)?.mayRename === false) throw new Refusal('forbidden')
    const place = { ...known, ...patch }
    this.#check(place)
    this.places.set(id, place)
    this.#changed(id, 'updated')
  }

  #destroy(id: Id, withMail: boolean, remove: (emailId: Id, mailboxId: Id) => void): void {
    this.#known(id)
    if (this.rights.get(id)?.mayDelete === false) throw new Refusal('forbidden')
    if ([...this.places.values()].some(({ parentId }) => parentId === id)) throw new Refusal('mailboxHasChild')
    const held = [...this.#emails.values()].filter(({ mailboxIds }) => mailboxIds[id])
    if (held.length > 0 && !withMail) throw new Refusal('mailboxHasEmail')
    held.forEach((email) => remove(email.id, id))
    this.places.delete(id)
    this.#changed(id, 'destroyed')
  }

  #known(id: Id): Place {
    const place = this.places.get(id)
    if (!place) throw new Refusal('notFound')
    return place
  }

  /** RFC 8621 §2: names of siblings differ, there are no circles, and a name has a length. */
  #check({ id, name, parentId }: Place): void {
    if (name.trim() === '' || new TextEncoder().encode(name).length > LONGEST_NAME) {
      throw new Refusal('invalidProperties', { properties: ['name'] })
    }
    for (let above = parentId; above !== null; above = this.places.get(above)?.parentId ?? null) {
      if (above === id || !this.places.has(above)) throw new Refusal('invalidProperties', { properties: ['parentId'] })
    }
    const siblings = [...this.places.values()].filter((other) => other.id !== id && other.parentId === parentId)
    if (siblings.some((other) => other.name.toLowerCase() === name.toLowerCase())) {
      throw new Refusal('alreadyExists', { description: 'A mailbox with this name exists already.' })
    }
  }

  all(): Mailbox[] {
    const emails = [...this.#emails.values()]
    const isUnread = ({ keywords }: Email): boolean => !keywords['$seen'] && !keywords['$draft']
    const unreadThreads = new Set(emails.filter(isUnread).map(({ threadId }) => threadId))
    return [...this.places.values()].map((place) => {
      const held = emails.filter(({ mailboxIds }) => mailboxIds[place.id])
      return {
        ...place,
        totalEmails: held.length,
        unreadEmails: held.filter(isUnread).length,
        unreadThreads: new Set(held.map(({ threadId }) => threadId)).intersection(unreadThreads).size,
        myRights: { ...MAY, ...this.rights.get(place.id) }
      }
    })
  }
}
