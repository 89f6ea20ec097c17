/** The German words of the settings. */
export { filters } from '#lib/words/de/filters.ts'
export { identities } from '#lib/words/de/identities.ts'
export { security } from '#lib/words/de/security.ts'
export { settings } from '#lib/words/de/settings.ts'
