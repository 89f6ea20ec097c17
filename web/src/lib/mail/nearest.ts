/** The word that a misspelt one could mean. */
import { editDistance } from './edit-distance.ts'

/** Letters: a longer word is no misspelt name of ours, and comparing it would take time. */
const LONGEST = 40

/** The known word with the fewest differing letters, if they are at most a third of it (and two); null for none. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null
  let fewest = Infinity
  for (const candidate of word.length > LONGEST ? [] : known) {
    const differing = editDistance(word, candidate)
    const allowed = Math.min(2, Math.ceil(candidate.length / 3))
    if (differing <= allowed && differing < fewest) {
      best = candidate
      fewest = differing
    }
  }
  return best
}
