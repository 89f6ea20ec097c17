/** The order of suggestions. Apart from the judgment, so that a field which suggests nothing yet need not load that. */
export interface Named {
  readonly name: string
  readonly address: string
}

/** As many of `people` as are shown: who imitates somebody comes after all others, so that nobody takes them by mistake. */
export function honestFirst<T extends Named>(
  people: readonly T[],
  most: number,
  imitatedBy: (person: Named) => string | null
): (T & { readonly imitates: string | null })[] {
  const honest: (T & { imitates: null })[] = []
  const others: (T & { imitates: string })[] = []
  for (const person of people) {
    if (honest.length === most) break
    const imitates = imitatedBy(person)
    if (imitates === null) honest.push({ ...person, imitates })
    else others.push({ ...person, imitates })
  }
  return [...honest, ...others].slice(0, most)
}
