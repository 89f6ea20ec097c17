/** The word that a misspelt one could mean. */

/** Letters: a longer word is no misspelt name of ours, and comparing it would take time. */
const LONGEST = 40

/** The known word with the fewest differing letters, if they are at most a third of it (and two); null for none. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null
  let fewest = Infinity
  for (const candidate of word.length > LONGEST ? [] : known) {
    const differing = distance(word, candidate)
    const allowed = Math.min(2, Math.ceil(candidate.length / 3))
    if (differing <= allowed && differing < fewest) {
      best = candidate
      fewest = differing
    }
  }
  return best
}

/** Letters to insert, delete, replace or swap with the next one (optimal string alignment). */
function distance(one: string, other: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1]
      const changed = (last[j - 1] ?? 0) + (same ? 0 : 1)
      let least = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, changed)
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return last[other.length] ?? 0
}
