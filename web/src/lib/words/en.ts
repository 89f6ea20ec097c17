/** The words of the mail page in English, and the type of all words: one that German lacks is a type error. */
import { mail } from '#lib/words/en/mail.ts'
import { page } from '#lib/words/en/page.ts'
import type { preparation } from '#lib/words/en/preparation.ts'
import type { signIn } from '#lib/words/en/sign-in.ts'

export const words = { mail, page }

/** The type of words in any language. */
export type Widen<T> = T extends string
  ? string
  : T extends (...values: infer V) => string
    ? (...values: V) => string
    : { [K in keyof T]: Widen<T[K]> }

/** `preparation` and `signIn` are loaded with the pages that show them. */
export type Words = Widen<typeof words & { preparation: typeof preparation; signIn: typeof signIn }>
