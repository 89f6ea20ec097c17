import { mail } from '#lib/words/de/mail.ts'
import { page } from '#lib/words/de/page.ts'
import type { Words } from '#lib/words/en.ts'

export const words = { mail, page } satisfies Pick<Words, 'mail' | 'page'>
