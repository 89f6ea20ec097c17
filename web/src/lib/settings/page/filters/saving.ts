/** Saving a filter, and doing it at once to mail that is there. */
import type { Filter } from '#lib/settings/domain/filter.ts'
import type { Filters } from '#lib/settings/state/filters.ts'
import type { Notices } from '#lib/state/notices.svelte.ts'
import { notSaved } from '#lib/settings/page/filters/not-saved.ts'
import type { FilterWords } from '#lib/words/parts.ts'

interface Saving {
  readonly filters: Filters
  readonly notices: Notices
  readonly words: FilterWords
  readonly filter: Filter
  /** it is done to the mail that is there as well */
  readonly alsoNow: boolean
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
    if (outcome === 'failed') notices.failed(notSaved(filters.trouble, words), () => void saving(wanted))
    return false
  }
  if (!wanted.alsoNow) notices.say(words.saved)
  else await sorting({ ...wanted, filter })
  return true
}

/** Removes a filter at once. It can be brought back, also before the removal is saved. */
export async function removing({ filters, notices, words, filter }: Omit<Saving, 'alsoNow'>): Promise<void> {
  const at = filters.filters.findIndex(({ id }) => id === filter.id)
  const without = (): Filter[] => filters.filters.filter(({ id }) => id !== filter.id)
  const state = { isBack: false }
  const bringBack = async (): Promise<void> => {
    state.isBack = true
    const outcome = await filters.save(without().toSpliced(at, 0, filter))
    if (outcome !== 'saved') notices.failed(notSaved(filters.trouble, words), () => void bringBack())
  }
  const undo = { run: () => void bringBack(), done: words.restored }
  const removed = filters.save(without())
  notices.say(words.removed(filter.name), undo)
  if ((await removed) === 'saved' || state.isBack) return
  notices.withdraw(undo)
  notices.failed(notSaved(filters.trouble, words), () => void removing({ filters, notices, words, filter }))
}

async function sorting({ filters, notices, words, filter }: Omit<Saving, 'alsoNow'>): Promise<void> {
  try {
    const done = await doneNow(filters, filter)
    if (done) notices.say(words.doneNow(done.count), { run: done.undo, done: words.undone })
    else notices.say(words.saved)
  } catch {
    notices.failed(words.nowFailed, () => void sorting({ filters, notices, words, filter }))
  }
}

/** Asks anew what the saved filter hits: the screen may still show what it hit before the last key. */
async function doneNow(filters: Filters, filter: Filter): ReturnType<Filters['doNow']> {
  const effect = await filters.effectOf(filter)
  if (!effect) throw new Error('It cannot be found out.')
  const ids = effect.hits.filter(({ verdict }) => verdict === true).map(({ id }) => id)
  return ids.length === 0 ? null : filters.doNow(filter, ids)
}
