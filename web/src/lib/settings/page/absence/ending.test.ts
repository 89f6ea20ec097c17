import { NO_ABSENCE, type Absence } from '#lib/settings/domain/absence.ts'
import type { Absences } from '#lib/settings/state/absence.ts'
import type { Outcome } from '#lib/settings/state/filters.ts'
import { Notices } from '#lib/state/notices.svelte.ts'
import { ending } from '#lib/settings/page/absence/ending.ts'
import { absence as words } from '#lib/words/en/absence.ts'
import { expect, test, vi } from 'vitest'

/** A reply that is on. `outcomes`: of what is saved next; then all is saved. */
class HeldAbsences {
  absence: Absence = { ...NO_ABSENCE, on: true, text: 'Away' }
  /** what another device has written */
  elsewhere: Absence | null = null
  readonly outcomes: Outcome[]

  constructor(...outcomes: Outcome[]) {
    this.outcomes = outcomes
  }

  save(absence: Absence): Promise<Outcome> {
    const outcome = this.outcomes.shift() ?? 'saved'
    if (outcome === 'saved') this.absence = absence
    return Promise.resolve(outcome)
  }

  load(): Promise<void> {
    this.absence = this.elsewhere ?? this.absence
    return Promise.resolve()
  }
}

async function ended(absences: HeldAbsences): Promise<Notices> {
  const notices = new Notices()
  await ending({ absences: absences as unknown as Absences, notices, words })
  return notices
}

test('a reply is ended although another device changed something, whose words stay', async () => {
  const absences = new HeldAbsences('conflict')
  absences.elsewhere = { ...absences.absence, text: 'Away until May' }
  const notices = await ended(absences)
  expect([notices.shown?.text, absences.absence.on, absences.absence.text]).toEqual([
    words.ended,
    false,
    'Away until May'
  ])
})

test('a reply that could not be ended is said to be on, and ended by another try', async () => {
  const absences = new HeldAbsences('failed')
  const notices = await ended(absences)
  expect([notices.shown?.text, notices.canUndo]).toEqual([words.notEnded, false])
  notices.shown?.again?.()
  await vi.waitFor(() => expect(notices.shown?.text).toBe(words.ended))
})

test('a reply is said to be on again once it is, and not if that failed', async () => {
  const absences = new HeldAbsences('saved', 'failed')
  const notices = await ended(absences)
  notices.undoLast()
  await vi.waitFor(() => expect(notices.shown?.text).toBe(words.notSaved))
  expect(absences.absence.on).toBe(false)
  notices.shown?.again?.()
  await vi.waitFor(() => expect(notices.shown?.text).toBe(words.resumed))
  expect(absences.absence.on).toBe(true)
})
