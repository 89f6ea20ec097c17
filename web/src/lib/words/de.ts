import { page } from '#lib/words/de/page.ts'
import type { Words } from '#lib/words/en.ts'

export const words = { page } satisfies Words
