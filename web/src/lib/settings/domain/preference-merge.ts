/** Choices that several devices made become one: of each name the last one holds. */
import type { Choice, Choices } from './preferences.ts'

/** Whoever merges, in whatever order and however often, ends with the same. */
export function merged(one: Choices, other: Choices): Choices {
  const both: Record<string, Choice> = { ...one }
  for (const [name, choice] of Object.entries(other)) {
    const known = both[name]
    if (!known || isLater(choice, known)) both[name] = choice
  }
  return both
}

/** Whether `one` has a choice that `other` lacks. */
export function hasMore(one: Choices, other: Choices): boolean {
  return Object.entries(one).some(([name, choice]) => {
    const known = other[name]
    return !known || isLater(choice, known)
  })
}

function isLater(choice: Choice, than: Choice): boolean {
  // Two devices chose in the same millisecond: any of them, but the same one everywhere.
  return choice[1] === than[1] ? JSON.stringify(choice[0]) > JSON.stringify(than[0]) : choice[1] > than[1]
}
