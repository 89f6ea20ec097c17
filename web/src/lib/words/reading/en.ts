/** The English words of reading: of the reader, dialogs, bars and search. */
export { absence } from '#lib/words/en/absence.ts'
export { actions } from '#lib/words/en/actions.ts'
export { delivery } from '#lib/words/en/delivery.ts'
export { folders } from '#lib/words/en/folders.ts'
export { live } from '#lib/words/en/live.ts'
export { quota } from '#lib/words/en/quota.ts'
export { reading } from '#lib/words/en/reading.ts'
export { search } from '#lib/words/en/search.ts'
