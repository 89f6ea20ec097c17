/** The German words of reading: of the reader, dialogs, bars and search. */
export { absence } from '#lib/words/de/absence.ts'
export { actions } from '#lib/words/de/actions.ts'
export { delivery } from '#lib/words/de/delivery.ts'
export { folders } from '#lib/words/de/folders.ts'
export { live } from '#lib/words/de/live.ts'
export { quota } from '#lib/words/de/quota.ts'
export { reading } from '#lib/words/de/reading.ts'
export { search } from '#lib/words/de/search.ts'
