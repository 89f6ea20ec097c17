/** What a person has several of, each of which gives access until it is taken away. */
import type { Outcome } from '#lib/accounts/service.ts'

export interface Listed<Item> {
  readonly items: readonly Item[]
  /** how many there may be; null if nobody says */
  readonly limit: number | null
}

export interface Revocable<Item> {
  list(): Promise<Outcome<Listed<Item>>>
  remove(id: string): Promise<Outcome<unknown>>
}

/** `Made`: with its secret. */
export interface Collection<Item, Wanted, Made extends Item> extends Revocable<Item> {
  make(wanted: Wanted): Promise<Outcome<Made>>
}
