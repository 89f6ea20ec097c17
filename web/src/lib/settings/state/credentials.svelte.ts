/** What gives access, on screen: it is listed, made and taken away. */
import type { Collection, Revocable } from '#lib/accounts/collection.ts'
import type { Failure, Outcome } from '#lib/accounts/service.ts'

/** A new secret may be made with a fresh sign-in only. */
const NEEDS_SIGN_IN = 'fresh_login_required'

/** What a change is about that is about no single one. */
export const NEW = 'new'

export class Revocables<Item extends { readonly id: string }> {
  readonly #source: Revocable<Item>

  /** null until they are known; what was known stays while they cannot be read */
  items = $state.raw<readonly Item[] | null>(null)
  limit = $state.raw<number | null>(null)
  /** why they could not be read */
  unread = $state.raw<Failure | null>(null)
  /** why the last change was not made, and what it was about: an id, or a word such as NEW */
  refused = $state.raw<{ readonly about: string; readonly failure: Failure } | null>(null)
  /** what a change is being made about */
  busy = $state.raw<string | null>(null)

  constructor(source: Revocable<Item>) {
    this.#source = source
  }

  async load(): Promise<void> {
    const outcome = await this.#source.list()
    if ('failure' in outcome) {
      this.unread = outcome.failure
      return
    }
    this.items = outcome.value.items
    this.limit = outcome.value.limit
    this.unread = null
  }

  /** False: it was not taken away. */
  remove(id: string): Promise<boolean> {
    return this.taken(
      id,
      () => this.#source.remove(id),
      (item) => item.id === id
    )
  }

  /** Takes away those of which `isMeant` is true. */
  protected async taken(
    about: string,
    work: () => Promise<Outcome<unknown>>,
    isMeant: (item: Item) => boolean
  ): Promise<boolean> {
    const outcome = await this.change(about, work)
    if (outcome === null) return false
    if ('value' in outcome) this.items = this.items?.filter((item) => !isMeant(item)) ?? null
    await this.load()
    // Somebody else took it away before, or the response was lost: it is as the person wants it.
    const isGone = this.unread === null && this.items?.some(isMeant) === false
    if (isGone) this.refused = null
    return isGone || 'value' in outcome
  }

  /** Null: another change is being made. */
  protected async change<T>(about: string, work: () => Promise<Outcome<T>>): Promise<Outcome<T> | null> {
    if (this.busy !== null) return null
    this.busy = about
    this.refused = null
    try {
      const outcome = await work()
      // The person chose not to prove who they are: that needs no words.
      if ('failure' in outcome && outcome.failure.code !== NEEDS_SIGN_IN) {
        this.refused = { about, failure: outcome.failure }
      }
      return outcome
    } finally {
      this.busy = null
    }
  }
}

export class Credentials<Item extends { readonly id: string }, Wanted, Made extends Item> extends Revocables<Item> {
  readonly #collection: Collection<Item, Wanted, Made>
  readonly #confirm: () => Promise<boolean>

  /** with its secret, which is shown once */
  made = $state.raw<Made | null>(null)

  /** `confirm`: the person proves who they are; false if they do not. */
  constructor(collection: Collection<Item, Wanted, Made>, confirm: () => Promise<boolean>) {
    super(collection)
    this.#collection = collection
    this.#confirm = confirm
  }

  /** False: it was not made, and what was typed must stay. */
  async make(wanted: Wanted): Promise<boolean> {
    const outcome = await this.change(NEW, async () => {
      const first = await this.#collection.make(wanted)
      const isAsked = 'failure' in first && first.failure.code === NEEDS_SIGN_IN
      return isAsked && (await this.#confirm()) ? this.#collection.make(wanted) : first
    })
    if (outcome === null) return false
    // If only the response was lost, it was made all the same, and its secret is lost.
    await this.load()
    if ('failure' in outcome) return false
    this.made = outcome.value
    return true
  }

  /** The person has kept the secret, or leaves the page. */
  forget(): void {
    this.made = null
  }

  override async remove(id: string): Promise<boolean> {
    const isDone = await super.remove(id)
    if (isDone && this.made?.id === id) this.forget()
    return isDone
  }
}
