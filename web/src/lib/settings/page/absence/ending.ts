/** Ends the automatic reply, and undoes that. */
import type { Absences } from '#lib/settings/state/absence.ts'
import type { Outcome } from '#lib/settings/state/filters.ts'
import type { Notices } from '#lib/state/notices.svelte.ts'
import type { AbsenceWords } from '#lib/words/parts.ts'

interface Ending {
  readonly absences: Absences
  readonly notices: Notices
  readonly words: Pick<AbsenceWords, 'ended' | 'notEnded' | 'resumed' | 'notSaved'>
}

/** Whether it is ended. Says so, or why not. */
export async function ending(wanted: Ending): Promise<boolean> {
  const { absences, notices, words } = wanted
  if ((await switched(absences, false)) !== 'saved') {
    notices.failed(words.notEnded, () => void ending(wanted))
    return false
  }
  notices.say(words.ended, { run: () => void resuming(wanted), done: null })
  return true
}

async function resuming(wanted: Ending): Promise<void> {
  const { absences, notices, words } = wanted
  if ((await switched(absences, true)) === 'saved') notices.say(words.resumed)
  else notices.failed(words.notSaved, () => void resuming(wanted))
}

async function switched(absences: Absences, on: boolean): Promise<Outcome> {
  const outcome = await absences.save({ ...absences.absence, on })
  if (outcome !== 'conflict') return outcome
  // Another device changed filters, for example, or the text of the reply. That stays as it is there.
  await absences.load()
  return absences.save({ ...absences.absence, on })
}
