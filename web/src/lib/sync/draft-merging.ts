/** One draft of what several have of it: this device, a page that was left, and this tab. */
import type { Draft, KeptDraft } from '#lib/compose/draft.ts'

/** What holds of a draft that is made of words that no other draft has. */
export const ALONE = { stored: null, storing: null, sending: null } as const

interface Here {
  /** this one */
  readonly tab: string
  /** as this tab knows it */
  readonly memory: KeptDraft | null
  /** what was typed in this tab and is not written */
  readonly typed: KeptDraft | null
  /** what this device has is older than what this tab knows: it could not be written */
  readonly isUnkept: boolean
  /** this device had it */
  readonly wasWritten: boolean
}

export interface Merged {
  readonly kept: KeptDraft | null
  /** of a tab from which another one took the draft before it was written */
  readonly lost: readonly KeptDraft[]
}

/** `last`: what was typed last in a page that was left. */
export function mergedDraft(found: KeptDraft | null, last: KeptDraft | null, here: Here): Merged {
  const words = [here.typed, last].filter((one) => one !== null)
  if (!found) {
    const kept = here.memory ?? (last && { ...last, ...ALONE })
    return here.wasWritten ? { kept: null, lost: words } : { kept, lost: [] }
  }
  const { writer, sending } = found
  const isOlder = here.isUnkept && writer === here.tab && (sending?.owner ?? writer) === writer
  const kept = (isOlder && here.memory) || found
  const ours = words.filter((one) => one.writer === writer)
  const lost = words.filter((one) => one.writer !== writer && !isSame(one.draft, found.draft))
  return { kept: ours.reduce(newer, kept), lost }
}

function isSame(one: Draft, other: Draft): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** `kept` with the text of the one that was changed last. */
export function newer(kept: KeptDraft, other: KeptDraft): KeptDraft {
  const { draft, revision, changedAt } = other.revision > kept.revision ? other : kept
  return { ...kept, draft, revision, changedAt }
}
