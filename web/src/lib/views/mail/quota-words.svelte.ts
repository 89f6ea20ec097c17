import { latePart } from '#lib/ui/late-part.ts'
import { quotaWords, type QuotaWords } from '#lib/words/later.ts'
import type { Speech } from '#lib/words/words.svelte.ts'

/** For components, at their start: a getter of the words, undefined until they are loaded. */
export function wordsOfQuota(spoken: Speech): () => QuotaWords | undefined {
  let words = $state.raw<QuotaWords>()
  $effect(() => {
    const { language } = spoken
    void latePart(() => quotaWords(language)).then((found) => {
      if (language === spoken.language) words = found
    })
  })
  return () => words
}
