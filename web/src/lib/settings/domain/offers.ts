/** What the mail server's Sieve can do (RFC 9661 §1.3), and what of a filter that allows. */
import type { ActionKind, Condition, Field, Filter, FilterAction } from './filter.ts'

export interface Offers {
  readonly extensions: ReadonlySet<string>
  /** mails sent on for one mail; null: as many as one likes */
  readonly redirects: number | null
}

export function offersOf(capability: unknown): Offers {
  const found = (capability ?? {}) as { sieveExtensions?: unknown; maxNumberRedirects?: unknown }
  const names = Array.isArray(found.sieveExtensions) ? found.sieveExtensions : []
  const { maxNumberRedirects: most } = found
  return {
    extensions: new Set(names.filter((name) => typeof name === 'string')),
    redirects: typeof most === 'number' ? most : null
  }
}

const OF_FIELD: Partial<Record<Field, string>> = { body: 'body', attachment: 'mime' }
const OF_KIND: Partial<Record<ActionKind, readonly string[]>> = {
  move: ['fileinto'],
  delete: ['fileinto'],
  copy: ['fileinto', 'copy'],
  forward: ['copy'],
  keep: ['fileinto'],
  label: ['imap4flags'],
  read: ['imap4flags'],
  star: ['imap4flags']
}

export function extensionsOf(part: Condition | FilterAction): readonly string[] {
  return 'field' in part ? [OF_FIELD[part.field] ?? []].flat() : (OF_KIND[part.kind] ?? [])
}

export function mayAsk(field: Field, { extensions }: Offers): boolean {
  const needed = OF_FIELD[field]
  return needed === undefined || extensions.has(needed)
}

export function mayDo(kind: ActionKind, { extensions, redirects }: Offers): boolean {
  const all = (OF_KIND[kind] ?? []).every((name) => extensions.has(name))
  return all && (kind !== 'forward' || redirects !== 0)
}

/** Whether the server can do all of it: half of it would be something else. */
export function isPossible({ conditions, actions }: Pick<Filter, 'conditions' | 'actions'>, offers: Offers): boolean {
  return conditions.every(({ field }) => mayAsk(field, offers)) && actions.every(({ kind }) => mayDo(kind, offers))
}

/** A reply while away beside filters: at most one script runs, so it has to be in it. */
export function mayReply({ extensions }: Offers): boolean {
  return ['vacation', 'date', 'relational'].every((name) => extensions.has(name))
}
