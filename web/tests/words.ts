/** All words, also those that a page loads for itself. */
import { words as germanMail } from '#lib/words/de.ts'
import { preparation as germanPreparation } from '#lib/words/de/preparation.ts'
import { signIn as germanSignIn } from '#lib/words/de/sign-in.ts'
import { words as englishMail, type Words } from '#lib/words/en.ts'
import { preparation } from '#lib/words/en/preparation.ts'
import { signIn } from '#lib/words/en/sign-in.ts'

export const english: Words = { ...englishMail, preparation, signIn }
export const german: Words = { ...germanMail, preparation: germanPreparation, signIn: germanSignIn }
