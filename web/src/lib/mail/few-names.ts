/** The people of a message in as much room as there is beside its text, however many and whatever their names. */
import { namesOf, type Person } from './people.ts'

/** People who are named; characters of their names together, and of one. */
const FEW = 6
const MOST = 150
const LONGEST = 60

/** As many names as two lines have room for, and how many more people there are. */
export function fewNamesOf(people: readonly Person[], me: string): { names: string; more: number } {
  const short = people
    .slice(0, FEW)
    .map((person) => ({ ...person, name: cut(person.name), address: cut(person.address) }))
  let names = ''
  let many = 0
  for (let next = ''; many < short.length; many += 1) {
    next = namesOf(short.slice(0, many + 1), me)
    if (many > 0 && next.length > MOST) break
    names = next
  }
  return { names, more: people.length - many }
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}
