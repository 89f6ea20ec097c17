import { mail } from '#lib/words/de/mail.ts'
import { page } from '#lib/words/de/page.ts'
import { preparation } from '#lib/words/de/preparation.ts'
import { signIn } from '#lib/words/de/sign-in.ts'
import type { Words } from '#lib/words/en.ts'

export const words = { mail, page, preparation, signIn } satisfies Words
