/** Which of the stored scripts is ours: the one of our name. */
import { OUR_NAME } from '#lib/settings/domain/script.ts'
import type { Scripts, Stored, StoredScript } from './scripts.ts'

export function ownIn({ scripts }: Stored): StoredScript | null {
  return scripts.find(({ name }) => name === OUR_NAME) ?? null
}

/** For a script that somebody wrote by hand under our name. */
export function freeName({ scripts }: Stored): string {
  const names = new Set(scripts.map(({ name }) => name.toLowerCase()))
  let number = 1
  while (names.has(`${OUR_NAME}-${String(number)}`)) number += 1
  return `${OUR_NAME}-${String(number)}`
}

/** The name under which Stalwart keeps a VacationResponse as a script: it runs in place of all others. */
const VACATION_SCRIPT = 'vacation'

export function isVacation({ name }: StoredScript): boolean {
  return name.toLowerCase() === VACATION_SCRIPT
}

/**
 * Somebody else changed our script, or runs another one, since this page read `before`. Activation changes no state.
 * `knowsOther`: another one ran then already.
 */
export function isChanged(stored: Stored, before: StoredScript | null, knowsOther: boolean): boolean {
  return ownIn(stored)?.blobId !== before?.blobId || (runsOther(stored) && !knowsOther)
}

export function runsOther(stored: Stored): boolean {
  const active = stored.scripts.find(({ isActive }) => isActive)
  return active !== undefined && active.id !== ownIn(stored)?.id && !isVacation(active)
}

/** Whether our script runs with this text: the answer to a change may be lost, and the change there nevertheless. */
export async function isRun(text: string, scripts: Scripts, stored?: Stored): Promise<boolean> {
  const own = ownIn(stored ?? (await scripts.all()))
  return own?.isActive === true && linesOf(await scripts.textOf(own)) === linesOf(text)
}

/** A server may change line ends, and what is behind the last line. */
function linesOf(script: string): string {
  return script.trimEnd().replaceAll('\r\n', '\n')
}
