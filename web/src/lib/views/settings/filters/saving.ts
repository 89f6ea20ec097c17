/** Saving a filter, and doing it at once to mail that is there. */
import type { Filter } from '#lib/sieve/filter.ts'
import type { Filters } from '#lib/state/filters.ts'
import type { Notices } from '#lib/state/notices.svelte.ts'
import type { FilterWords } from '#lib/words/later.ts'

interface Saving {
  readonly filters: Filters
  readonly notices: Notices
  readonly words: FilterWords
  readonly filter: Filter
  /** mails to which it is done as well */
  readonly hits: readonly string[]
}

/** Whether it is saved. Says so, or why not. */
export async function saving(wanted: Saving): Promise<boolean> {
  const { filters, notices, words } = wanted
  const filter = { ...wanted.filter, name: wanted.filter.name.trim() || words.unnamed }
  const { filters: before } = filters
  const isNew = !before.some(({ id }) => id === filter.id)
  const outcome = await filters.save(
    isNew ? [...before, filter] : before.map((one) => (one.id === filter.id ? filter : one))
  )
  if (outcome !== 'saved') {
    // A conflict is asked about, and a mistake shown, where they are.
    if (outcome === 'failed') notices.failed(words.notSaved, () => void saving(wanted))
    return false
  }
  if (wanted.hits.length === 0) notices.say(words.saved)
  else await sorting({ ...wanted, filter })
  return true
}

async function sorting({ filters, notices, words, filter, hits }: Saving): Promise<void> {
  try {
    const done = await filters.doNow(filter, hits)
    if (done) notices.say(words.doneNow(done.count), { run: done.undo, done: words.undone })
    else notices.say(words.saved)
  } catch {
    notices.failed(words.nowFailed, () => void sorting({ filters, notices, words, filter, hits }))
  }
}
