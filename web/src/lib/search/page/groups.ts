/** Suggestions in the groups in which they are shown; their places are those of the whole list. */
import type { Suggestion, SuggestionKind } from '#lib/search/domain/search-suggestions.ts'

export interface SuggestionGroup {
  readonly kind: SuggestionKind
  readonly suggestions: readonly { readonly suggestion: Suggestion; readonly place: number }[]
}

export function groupsOf(found: readonly Suggestion[]): SuggestionGroup[] {
  const groups: { kind: SuggestionKind; suggestions: { suggestion: Suggestion; place: number }[] }[] = []
  found.forEach((suggestion, place) => {
    const last = groups.at(-1)
    if (last?.kind === suggestion.kind) last.suggestions.push({ suggestion, place })
    else groups.push({ kind: suggestion.kind, suggestions: [{ suggestion, place }] })
  })
  return groups
}
