import { JmapFailure, noResponse } from '#lib/jmap/errors.ts'
import { Results } from '#lib/jmap/results.ts'
import type { Call } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import { writeVacation } from '#lib/settings/sync/vacation.ts'
import { expect, test } from 'vitest'

const AWAY = { on: true, from: null, to: '2026-12-01T08:00:00Z', subject: 'Away', text: 'Until Monday' }

/** A server that keeps what is set if `takes`, and whose response to that is lost. */
function accountOf(takes: boolean, lost: JmapFailure): Session {
  let stored: object = { isEnabled: false, fromDate: null, toDate: null, subject: null, textBody: null }
  const run = ([asked]: readonly Call[]): Promise<Results> => {
    if (asked?.name === 'VacationResponse/get')
      return Promise.resolve(new Results(new Map([['get', { args: { list: [stored] } }]])))
    if (takes) stored = Object.values(asked?.args['update'] as Record<string, object>)[0] ?? stored
    return Promise.reject(lost)
  }
  return { connected: () => Promise.resolve(), client: { run } } as unknown as Session
}

test('a reply whose response is lost is saved if the server has it, and else it is not', async () => {
  await writeVacation(accountOf(true, noResponse()), AWAY)
  await expect(writeVacation(accountOf(false, noResponse()), AWAY)).rejects.toMatchObject({ code: 'unavailable' })
})

test('what was refused is not looked for', async () => {
  const signedOut = new JmapFailure('no_session')
  await expect(writeVacation(accountOf(true, signedOut), AWAY)).rejects.toBe(signedOut)
})
