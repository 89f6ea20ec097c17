/** The German words of writing. */
export { compose } from '#lib/words/de/compose.ts'
export { quoting } from '#lib/words/de/quoting.ts'
