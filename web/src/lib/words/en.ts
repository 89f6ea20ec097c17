/** All words of the interface in English. `Words` is their type: a word that German lacks is a type error. */
import { mail } from '#lib/words/en/mail.ts'
import { page } from '#lib/words/en/page.ts'
import { preparation } from '#lib/words/en/preparation.ts'
import { signIn } from '#lib/words/en/sign-in.ts'

export const words = { mail, page, preparation, signIn }

export type Widen<T> = T extends string
  ? string
  : T extends (...values: infer V) => string
    ? (...values: V) => string
    : { [K in keyof T]: Widen<T[K]> }

export type Words = Widen<typeof words>
