/** Which of the stored scripts is ours: the one of our name. */
import { OUR_NAME } from '#lib/sieve/script.ts'
import type { Stored, StoredScript } from './scripts.ts'

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
