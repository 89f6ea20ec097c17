/** The English words of the settings. */
export { filters } from '#lib/words/en/filters.ts'
export { identities } from '#lib/words/en/identities.ts'
export { security } from '#lib/words/en/security.ts'
export { settings } from '#lib/words/en/settings.ts'
