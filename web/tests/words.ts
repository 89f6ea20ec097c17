/** All words, also those that a page loads for itself. */
import { words as germanMail } from '#lib/words/de.ts'
import * as germanPreparation from '#lib/words/de/preparation.ts'
import * as germanSignIn from '#lib/words/de/sign-in.ts'
import { words as englishMail, type Words } from '#lib/words/en.ts'
import * as preparation from '#lib/words/en/preparation.ts'
import * as signIn from '#lib/words/en/sign-in.ts'
import type { Part } from '#lib/words/parts.ts'
import * as germanReading from '#lib/words/reading/de.ts'
import * as reading from '#lib/words/reading/en.ts'
import * as germanSettings from '#lib/words/settings/de.ts'
import * as settings from '#lib/words/settings/en.ts'
import * as germanWriting from '#lib/words/writing/de.ts'
import * as writing from '#lib/words/writing/en.ts'

export const ALL_PARTS: readonly Part[] = ['preparation', 'signIn', 'reading', 'writing', 'settings']

export const english: Words = { ...englishMail, ...preparation, ...signIn, ...reading, ...settings, ...writing }
export const german: Words = {
  ...{ ...germanMail, ...germanPreparation, ...germanSignIn },
  ...{ ...germanReading, ...germanSettings, ...germanWriting }
}
