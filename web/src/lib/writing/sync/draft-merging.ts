/** Merges a draft of the database, its copy (device/draft-copies.ts), and what this tab has of it. */
import type { Draft, KeptDraft } from '#lib/writing/domain/draft.ts'

/** A draft that was made of rescued words has no version at the mail server, and is not being sent. */
export const UNSTORED = { stored: null, storing: null, sending: null } as const

interface Here {
  /** this one */
  readonly tab: string
  /** what this tab has in memory */
  readonly memory: KeptDraft | null
  /** what was typed in this tab and is not written yet */
  readonly typed: KeptDraft | null
  /** this tab could not write it: what this device has is older */
  readonly isUnkept: boolean
  /** this device has had it */
  readonly wasWritten: boolean
}

export interface Merged {
  readonly kept: KeptDraft | null
  /** words of a tab from which another one took the draft over before they were written */
  readonly lost: readonly KeptDraft[]
}

export function mergedDraft(found: KeptDraft | null, copy: KeptDraft | null, here: Here): Merged {
  const words = [here.typed, copy].filter((one) => one !== null)
  if (!found) {
    const kept = here.memory ?? (copy && { ...copy, ...UNSTORED })
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

/** `kept` with the text of the one that has the higher revision. */
export function newer(kept: KeptDraft, other: KeptDraft): KeptDraft {
  const { draft, revision, changedAt } = other.revision > kept.revision ? other : kept
  return { ...kept, draft, revision, changedAt }
}
