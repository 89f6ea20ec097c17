/** Whom one may write to, by what is typed. */
import type { Recipient } from '#lib/compose/draft.ts'
import type { Account } from '#lib/sync/account.ts'
import { correspondents, type Correspondent } from '#lib/sync/correspondents.ts'

const MOST = 8

export class People {
  readonly #account: Account
  #known: { readonly found: Promise<readonly Correspondent[]>; readonly version: number } | null = null

  constructor(account: Account) {
    this.#account = account
  }

  /** Those whose name or address has a word that begins so come first; nobody of `except`. */
  async suggest(text: string, except: readonly Recipient[]): Promise<readonly Recipient[]> {
    const wanted = folded(text.trim())
    if (wanted === '') {
      return []
    }
    const taken = new Set(except.map(({ address }) => address.toLowerCase()))
    const people = (await this.#people()).filter(({ address }) => !taken.has(address.toLowerCase()))
    const found = people.filter(({ name, address }) => folded(`${name} ${address}`).includes(wanted))
    const begins = ({ name, address }: Correspondent): boolean =>
      folded(`${name} ${address}`)
        .split(/[\s@.,"'()<>-]+/u)
        .some((word) => word.startsWith(wanted)) || folded(`${name} ${address}`).startsWith(wanted)
    return [...found.filter(begins), ...found.filter((person) => !begins(person))].slice(0, MOST)
  }

  #people(): Promise<readonly Correspondent[]> {
    const { version } = this.#account.objects
    if (this.#known?.version !== version) {
      this.#known = { found: this.#meet(), version }
    }
    return this.#known.found
  }

  async #meet(): Promise<readonly Correspondent[]> {
    const { kept, objects, address } = this.#account
    return correspondents(objects, await kept.searches(), address).catch(() => [])
  }
}

function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
