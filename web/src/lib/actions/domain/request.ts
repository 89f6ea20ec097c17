/** Entries of the outbox → one Email/set, and what is left of them once somebody else changed the emails. */
import type { Arguments, Id } from '#lib/jmap/types.ts'
import type { MutableProperties, Patch } from '#lib/store/objects.ts'

/** What one Email/set shall do. */
export interface Wanted {
  readonly update: ReadonlyMap<Id, Patch>
  readonly destroy: ReadonlyMap<Id, Patch>
}

/** What the patches amount to: the last word about each keyword and mailbox of an email counts. */
export function wantedBy(patches: readonly Patch[]): Wanted {
  const update = new Map<Id, Patch>()
  const destroy = new Map<Id, Patch>()
  for (const patch of patches) {
    for (const id of patch.emailIds) {
      const before = update.get(id)
      const mailboxIds = { ...before?.mailboxIds, ...patch.mailboxIds }
      if (patch.destroyed) {
        destroy.set(id, { emailIds: [id], destroyed: true, mailboxIds })
        update.delete(id)
      } else if (!destroy.has(id)) {
        update.set(id, { emailIds: [id], keywords: { ...before?.keywords, ...patch.keywords }, mailboxIds })
      }
    }
  }
  return { update, destroy }
}

/** RFC 8620 §5.3: null takes a key out of a patched map. */
export function patchObject({ keywords, mailboxIds }: Patch): Arguments {
  const paths = (map: string, changes: Readonly<Record<string, boolean>> = {}): [string, true | null][] =>
    Object.entries(changes).map(([key, on]) => [`${map}/${pointer(key)}`, on || null])
  return Object.fromEntries([...paths('keywords', keywords), ...paths('mailboxIds', mailboxIds)])
}

/** RFC 6901 §3 */
function pointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** `done`: the server has it already, or has no such email. `conflict`: somebody else moved it meanwhile. */
export type PatchStatus = 'open' | 'done' | 'conflict'

/**
 * What is left of a patch that may have been sent before, or that waited for long, by what the server has now. Where
 * somebody else moved an email, theirs is the newer wish; keywords are set whatever others did.
 */
export function patchStatus(
  { keywords, mailboxIds, destroyed }: Patch,
  facts: MutableProperties | undefined
): PatchStatus {
  if (!facts) {
    return 'done'
  }
  const isAs = (changes: Readonly<Record<string, boolean>>, set: Readonly<Record<string, boolean>>): boolean =>
    Object.entries(changes).every(([key, on]) => Boolean(set[key]) === on)
  const isMoved = !destroyed && isAs(mailboxIds ?? {}, facts.mailboxIds)
  if (isMoved && isAs(keywords ?? {}, facts.keywords)) {
    return 'done'
  }
  const sources = Object.entries(mailboxIds ?? {}).filter(([, on]) => !on)
  const hasLeft = sources.length > 0 && !sources.some(([id]) => facts.mailboxIds[id])
  return hasLeft && !isMoved ? 'conflict' : 'open'
}

/** What to do although somebody else moved the email. No filter learns from one that is not moved to
 * Spam or out of it. */
export function keywordsOnly({ emailIds, keywords }: Patch): Patch {
  const kept = Object.entries(keywords ?? {}).filter(([keyword]) => keyword !== '$junk' && keyword !== '$notjunk')
  return { emailIds, keywords: Object.fromEntries(kept) }
}
