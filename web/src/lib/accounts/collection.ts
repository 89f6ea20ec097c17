/** What a person has several of, each of which gives access until it is taken away. */
import { isObject } from '#lib/accounts/flow.ts'
import { listOf, type Outcome } from '#lib/accounts/service.ts'

export interface Listed<Item> {
  readonly items: readonly Item[]
  /** how many there may be; null if nobody says */
  readonly limit: number | null
}

/** A list of the service, which says under `limit` how many there may be; null if it cannot be read. */
export function listedIn<Item>(
  value: unknown,
  name: string,
  read: (entry: unknown) => Item | null
): Listed<Item> | null {
  if (!isObject(value)) return null
  const { limit } = value
  return { items: listOf(value[name], read), limit: typeof limit === 'number' ? limit : null }
}

/** Why the service would refuse a name of at most so many characters; null: it would not. */
export function wrongName(name: string, longest: number): 'missing' | 'too_long' | null {
  const trimmed = name.trim()
  if (trimmed === '') return 'missing'
  // The service counts characters, not UTF-16 units.
  return Array.from(trimmed).length > longest ? 'too_long' : null
}

export interface Revocable<Item> {
  list(): Promise<Outcome<Listed<Item>>>
  remove(id: string): Promise<Outcome<unknown>>
}

/** `Made`: with its secret. */
export interface Collection<Item, Wanted, Made extends Item> extends Revocable<Item> {
  make(wanted: Wanted): Promise<Outcome<Made>>
}
