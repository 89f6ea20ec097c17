/** What a filter does, done to mails that are there already. */
import { noResponse } from '#lib/jmap/errors.ts'
import type { Email, GetResponse, Id } from '#lib/jmap/types.ts'
import { patchesOf, type Action, type Place } from '#lib/actions/domain/action.ts'
import { inverseOf, type Entry } from '#lib/actions/domain/entry.ts'
import type { FilterAction } from '#lib/settings/domain/filter.ts'
import type { MutableProperties, Patch } from '#lib/store/objects.ts'
import type { Session } from '#lib/sync/session.ts'
import { mutable } from '#lib/actions/sync/email-set.ts'
import type { Outbox } from '#lib/actions/sync/outbox.ts'

export interface Filtered {
  /** emails */
  readonly count: number
  readonly undo: () => void
}

/** Null if it changes nothing. Raises JmapFailure. */
export async function filterNow(
  session: Session,
  outbox: Outbox,
  actions: readonly FilterAction[],
  ids: readonly Id[],
  { place, names }: { readonly place: Place; readonly names: Entry['names'] }
): Promise<Filtered | null> {
  const results = await session.client.run(mutable(ids))
  // What an action looks at is among these properties.
  const listed = results.find<GetResponse<MutableProperties>>('get')?.list as Email[] | undefined
  if (!listed) {
    throw noResponse()
  }
  const emails = listed.flatMap((email) => session.objects.withPending(email) ?? [])
  const before = new Map(emails.map((email) => [email.id, email]))
  const changes = actions.map((action) => patchesFor(action, emails, place)).filter((patches) => patches.length > 0)
  if (changes.length === 0) {
    return null
  }
  // One entry an action: one that is refused is told, and left out by `undo`, without the others.
  const done = changes.map((patches) => ({
    pending: outbox.add(patches, names),
    inverse: patches.flatMap((patch) => inverseOf(patch, (id) => before.get(id)))
  }))
  return {
    count: new Set(changes.flat().flatMap(({ emailIds }) => emailIds)).size,
    undo: () => done.forEach(({ pending, inverse }) => outbox.undo(pending, inverse))
  }
}

function patchesFor({ kind, value }: FilterAction, emails: readonly Email[], place: Place): readonly Patch[] {
  if (kind === 'copy') {
    const open = emails.filter(({ mailboxIds }) => !mailboxIds[value])
    return open.length === 0 ? [] : [{ emailIds: open.map(({ id }) => id), mailboxIds: { [value]: true } }]
  }
  const action = actionOf(kind, value)
  return action ? emails.flatMap((email) => patchesOf(action, [email], place)) : []
}

/** What is sent on is sent on when it comes; what stays in the Inbox stays where it is. */
function actionOf(kind: FilterAction['kind'], value: string): Action | null {
  switch (kind) {
    case 'read':
    case 'star':
      return { kind, on: true }
    case 'label':
      return { kind, keyword: value, on: true }
    case 'move':
      return { kind, mailboxId: value }
    case 'delete':
      return { kind }
    default:
      return null
  }
}
