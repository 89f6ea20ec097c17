import { mail } from '#lib/words/de/mail.ts'
import { page } from '#lib/words/de/page.ts'
import { preparing } from '#lib/words/de/preparing.ts'
import { signIn } from '#lib/words/de/sign-in.ts'
import type { Words } from '#lib/words/en.ts'

export const words = { mail, page, preparing, signIn } satisfies Words
