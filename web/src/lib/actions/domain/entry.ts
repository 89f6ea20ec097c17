/** What a person did and the mail server has not confirmed: kept on this device until it has. */
import type { Email, Id, Mailbox } from '#lib/jmap/types.ts'
import { rolesOf, type Patch } from '#lib/store/objects.ts'

export interface Entry {
  readonly id: string
  /** when the emails were as the patches take them to be: milliseconds since 1970 */
  readonly at: number
  /** of one action; they may name a mailbox by its role, which is made when the entry is sent */
  readonly patches: readonly Patch[]
  /** names of the mailboxes that are made if there are none of their role */
  readonly names: Readonly<Record<string, string>>
  /** It was sent to the mail server, which may have carried it out. */
  readonly attempted: boolean
}

/** What stands for a mailbox that may have to be made first. */
export function idOfRole(role: string): Id {
  return `role:${role}`
}

/** The roles that the patches name in place of mailboxes. */
export function rolesIn(patches: readonly Patch[]): string[] {
  const named = patches.flatMap(({ mailboxIds }) => Object.keys(mailboxIds ?? {}))
  return [...new Set(named.filter((id) => id.startsWith('role:')).map((id) => id.slice('role:'.length)))]
}

/** The patches with the ids of the mailboxes that there are. */
export function resolved(patches: readonly Patch[], mailboxes: ReadonlyMap<Id, Mailbox>): Patch[] {
  const known = new Map([...rolesOf(mailboxes)].map(([role, id]) => [idOfRole(role), id]))
  return patches.map((patch) =>
    // Another object only if it says something else: emails are laid over once for each patch.
    patch.mailboxIds && rolesIn([patch]).length > 0
      ? {
          ...patch,
          mailboxIds: Object.fromEntries(Object.entries(patch.mailboxIds).map(([id, on]) => [known.get(id) ?? id, on]))
        }
      : patch
  )
}

/** Without the emails to which it was not done. */
export function withoutEmails(patches: readonly Patch[], ids: ReadonlySet<Id>): Patch[] {
  return narrowed(patches, (id) => !ids.has(id))
}

/** Only what they do to these emails. */
export function ofEmails(patches: readonly Patch[], ids: ReadonlySet<Id>): Patch[] {
  return narrowed(patches, (id) => ids.has(id))
}

function narrowed(patches: readonly Patch[], isMeant: (id: Id) => boolean): Patch[] {
  return patches
    .map((patch) => ({ ...patch, emailIds: patch.emailIds.filter(isMeant) }))
    .filter(({ emailIds }) => emailIds.length > 0)
}

/** What takes a patch back: the keywords and mailboxes that it changes, as each email has them now. */
export function inverseOf(patch: Patch, emailOf: (id: Id) => Email | undefined): Patch[] {
  const groups = new Map<string, { emailIds: Id[]; patch: Patch }>()
  for (const id of patch.emailIds) {
    const email = emailOf(id)
    if (!email || patch.destroyed) {
      continue
    }
    const inverse = {
      ...(patch.keywords && { keywords: asBefore(patch.keywords, email.keywords) }),
      ...(patch.mailboxIds && { mailboxIds: asBefore(patch.mailboxIds, email.mailboxIds) })
    }
    const key = JSON.stringify(inverse)
    const group = groups.get(key) ?? { emailIds: [], patch: { emailIds: [], ...inverse } }
    group.emailIds.push(id)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ emailIds, patch: inverse }) => ({ ...inverse, emailIds }))
}

function asBefore(
  changes: Readonly<Record<string, boolean>>,
  before: Readonly<Record<string, boolean>>
): Record<string, boolean> {
  return Object.fromEntries(Object.keys(changes).map((key) => [key, before[key] === true]))
}
