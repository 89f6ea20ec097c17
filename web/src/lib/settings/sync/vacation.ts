/** The one VacationResponse of an account (RFC 8621 §8). */
import { call, CAPABILITY_OF } from '#lib/jmap/client.ts'
import { JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { GetResponse, SetResponse } from '#lib/jmap/types.ts'
import { NO_ABSENCE, type Absence } from '#lib/settings/domain/absence.ts'
import type { Session } from '#lib/sync/session.ts'

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

export async function readVacation(session: Session): Promise<Absence> {
  await session.connected()
  const results = await session.client.run([call('VacationResponse/get', 'get', { ids: [SINGLETON] })])
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

export async function writeVacation(session: Session, wanted: Absence): Promise<void> {
  const { on, from, to, subject, text } = wanted
  const changes = {
    isEnabled: on,
    fromDate: from,
    toDate: to,
    subject: subject || null,
    // Stalwart writes a script of it, in which a last backslash would hide the end of the text.
    textBody: text.endsWith('\\') ? `${text}\n` : text || null
  }
  const refused = await session.client
    .run([call('VacationResponse/set', 'set', { update: { [SINGLETON]: changes } })])
    .then((results) => results.get<SetResponse>('set').notUpdated?.[SINGLETON])
    .catch(async (failure: unknown) => {
      if (!isOpen(failure) || !(await isStored(session, wanted))) throw failure
    })
  if (refused) {
    throw refused.type ? refusal(refused) : new JmapFailure('unknown')
  }
}

/** The answer to a change may be lost, and the change there nevertheless: senders would get it. */
function isOpen(failure: unknown): boolean {
  return failure instanceof JmapFailure && failure.ambiguous
}

async function isStored(session: Session, { text, ...wanted }: Absence): Promise<boolean> {
  const stored = await readVacation(session).catch(() => null)
  return stored !== null && isSame({ ...wanted, text: text.trimEnd() }, { ...stored, text: stored.text.trimEnd() })
}

function isSame(one: Absence, other: Absence): boolean {
  return (Object.keys(one) as (keyof Absence)[]).every((name) => one[name] === other[name])
}
