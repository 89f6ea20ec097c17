/** The drafts of this device that have no window in this tab, and which the mail server lacks or has not sent. */
import { isUnsent, type KeptDraft } from '#lib/writing/domain/draft.ts'
import type { Engine } from './engine.ts'
import type { Composition, UnsentDraft } from './compose.ts'

/** Milliseconds. What was closed a moment ago is on its way. */
const ON_ITS_WAY = 10_000
/** Milliseconds. What another tab has not stored since may be left behind: that tab may be gone. */
const LEFT = 60_000

export function unsentDraftsOf(engine: Engine, open: readonly Composition[]): UnsentDraft[] {
  const shown = new Set(open.map(({ id }) => id))
  return engine.drafts
    .all()
    .filter((kept) => !shown.has(kept.id) && kept.discardedAt === null)
    .flatMap((kept) => {
      const state = stateOf(engine, kept)
      const { id, draft, changedAt, stored } = kept
      return state ? [{ id, draft, changedAt: new Date(changedAt), state, emailId: stored?.emailId ?? null }] : []
    })
    .toSorted((one, other) => Number(other.changedAt) - Number(one.changedAt))
}

function stateOf(engine: Engine, kept: KeptDraft): UnsentDraft['state'] | null {
  const { storing, session, drafts } = engine
  if (kept.sending) {
    const status = engine.statusOf(kept.id)
    return status === 'waiting' || status === 'unknown' ? status : null
  }
  if (kept.refusal) {
    return 'not_sent'
  }
  const since = session.ports.now() - kept.changedAt
  const isLate = kept.closed
    ? since > ON_ITS_WAY || storing.troubleOf(kept.id) !== null
    : since > LEFT && kept.writer !== drafts.tab
  return isUnsent(kept) && isLate ? 'device' : null
}
