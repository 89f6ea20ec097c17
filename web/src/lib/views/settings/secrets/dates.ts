/** The words of these sections, in the language that is spoken. */
import { latePart } from '#lib/ui/late-part.ts'
import type { Language } from '#lib/words/language.ts'
import type { Speech } from '#lib/words/words.svelte.ts'

/** Undefined until they are there. Call it where a component begins. */
export function lateWords<T>(spoken: Speech, load: (language: Language) => Promise<T>): () => T | undefined {
  let words = $state.raw<T>()
  $effect(() => {
    const { language } = spoken
    void latePart(() => load(language)).then((found) => {
      if (language === spoken.language) words = found
    })
  })
  return () => words
}

/** A day, as the person writes dates: `locale` is that of `words.mail`. */
export function dayOf(date: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(date)
}

export function momentOf(date: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(date)
}
