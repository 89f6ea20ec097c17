/** Words that load with the part of the page that says them. */
import { latePart } from '#lib/ui/late-part.ts'
import type { Language } from '#lib/words/language.ts'
import { speech } from '#lib/words/words.svelte.ts'

/**
 * For components, at their start: a getter of the words in the language that is spoken, undefined until they are loaded.
 * Without a network they are asked for again.
 */
export function lateWords<T>(load: (language: Language) => Promise<T>): () => T | undefined {
  const spoken = speech()
  let words = $state.raw<T>()
  $effect(() => {
    const { language } = spoken
    void latePart(() => load(language)).then((found) => {
      if (language === spoken.language) words = found
    })
  })
  return () => words
}
