/** The one VacationResponse of an account (RFC 8621 §8). */
import { call, CAPABILITY_OF } from '#lib/jmap/client.ts'
import { JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { GetResponse, SetResponse } from '#lib/jmap/types.ts'
import { NO_ABSENCE, type Absence } from '#lib/sieve/absence.ts'
import type { Account } from './account.ts'

export const VACATION = 'urn:ietf:params:jmap:vacationresponse'
CAPABILITY_OF['VacationResponse'] = VACATION

const SINGLETON = 'singleton'

interface VacationResponse {
  readonly isEnabled: boolean
  readonly fromDate: string | null
  readonly toDate: string | null
  readonly subject: string | null
  readonly textBody: string | null
}

export async function readVacation(account: Account): Promise<Absence> {
  await account.connected()
  const results = await account.client.run([call('VacationResponse/get', 'get', { ids: [SINGLETON] })])
  const [found] = results.get<GetResponse<VacationResponse>>('get').list
  return found
    ? {
        on: found.isEnabled,
        from: found.fromDate,
        to: found.toDate,
        subject: found.subject ?? '',
        text: found.textBody ?? ''
      }
    : NO_ABSENCE
}

export async function writeVacation(account: Account, { on, from, to, subject, text }: Absence): Promise<void> {
  const changes = {
    isEnabled: on,
    fromDate: from,
    toDate: to,
    subject: subject || null,
    // Stalwart writes a script of it, in which a last backslash would hide the end of the text.
    textBody: text.endsWith('\\') ? `${text}\n` : text || null
  }
  const results = await account.client.run([call('VacationResponse/set', 'set', { update: { [SINGLETON]: changes } })])
  const refused = results.get<SetResponse>('set').notUpdated?.[SINGLETON]
  if (refused) {
    throw refused.type ? refusal(refused) : new JmapFailure('unknown')
  }
}
