/** The English words of writing. */
export { compose } from '#lib/words/en/compose.ts'
export { quoting } from '#lib/words/en/quoting.ts'
