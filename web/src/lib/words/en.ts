/** The words of the mail page in English, and the type of all words: one that German lacks is a type error. */
import { mail } from '#lib/words/en/mail.ts'
import { page } from '#lib/words/en/page.ts'
import type * as preparation from '#lib/words/en/preparation.ts'
import type * as signIn from '#lib/words/en/sign-in.ts'
import type * as reading from '#lib/words/reading/en.ts'
import type * as settings from '#lib/words/settings/en.ts'
import type * as writing from '#lib/words/writing/en.ts'

export const words = { mail, page }

/** The type of words in any language. */
export type Widen<T> = T extends string
  ? string
  : T extends (...values: infer V) => string
    ? (...values: V) => string
    : { [K in keyof T]: Widen<T[K]> }

type Late = typeof preparation & typeof signIn & typeof reading & typeof settings & Omit<typeof writing, 'quoting'>

/** Only those of the mail page are there from the start; the others load with the parts of the page that say them (parts.ts). */
export type Words = Widen<typeof words & Late> & Pick<typeof writing, 'quoting'>
