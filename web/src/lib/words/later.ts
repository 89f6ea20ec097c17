/** Words of parts that no first view needs. They are loaded with the part, in one language. */
import type { Widen } from '#lib/words/en.ts'
import type { absence } from '#lib/words/en/absence.ts'
import type { compose } from '#lib/words/en/compose.ts'
import type { delivery } from '#lib/words/en/delivery.ts'
import type { filters } from '#lib/words/en/filters.ts'
import type { folders } from '#lib/words/en/folders.ts'
import type { live } from '#lib/words/en/live.ts'
import type { quota } from '#lib/words/en/quota.ts'
import type { reading } from '#lib/words/en/reading.ts'
import type { search } from '#lib/words/en/search.ts'
import type { identities } from '#lib/words/en/identities.ts'
import type { security } from '#lib/words/en/security.ts'
import type { settings } from '#lib/words/en/settings.ts'
import type { Language } from '#lib/words/language.ts'

export type AbsenceWords = Widen<typeof absence>
export type ComposeWords = Widen<typeof compose>
export type DeliveryWords = Widen<typeof delivery>
export type FilterWords = Widen<typeof filters>
export type Folders = Widen<typeof folders>
export type Live = Widen<typeof live>
export type QuotaWords = Widen<typeof quota>
export type Reading = Widen<typeof reading>
export type SearchWords = Widen<typeof search>
export type IdentityWords = Widen<typeof identities>
export type SecurityWords = Widen<typeof security>
export type SettingsWords = Widen<typeof settings>

/** Of the windows of writing. */
export async function composeWords(language: Language): Promise<ComposeWords> {
  const module = language === 'de' ? await import('#lib/words/de/compose.ts') : await import('#lib/words/en/compose.ts')
  return module.compose
}

/** Of the section of the settings about identities and signatures. */
export async function identityWords(language: Language): Promise<IdentityWords> {
  const module =
    language === 'de' ? await import('#lib/words/de/identities.ts') : await import('#lib/words/en/identities.ts')
  return module.identities
}

/** Of the sections of the settings about devices, access tokens and signing in. */
export async function securityWords(language: Language): Promise<SecurityWords> {
  const module =
    language === 'de' ? await import('#lib/words/de/security.ts') : await import('#lib/words/en/security.ts')
  return module.security
}

/** Of the menus and dialogs of folders and labels. */
export async function folderWords(language: Language): Promise<Folders> {
  const module = language === 'de' ? await import('#lib/words/de/folders.ts') : await import('#lib/words/en/folders.ts')
  return module.folders
}

/** Of what was sent, or waits to be. */
export async function deliveryWords(language: Language): Promise<DeliveryWords> {
  const module =
    language === 'de' ? await import('#lib/words/de/delivery.ts') : await import('#lib/words/en/delivery.ts')
  return module.delivery
}

export async function liveWords(language: Language): Promise<Live> {
  const module = language === 'de' ? await import('#lib/words/de/live.ts') : await import('#lib/words/en/live.ts')
  return module.live
}

export async function searchWords(language: Language): Promise<SearchWords> {
  const module = language === 'de' ? await import('#lib/words/de/search.ts') : await import('#lib/words/en/search.ts')
  return module.search
}

export async function quotaWords(language: Language): Promise<QuotaWords> {
  const module = language === 'de' ? await import('#lib/words/de/quota.ts') : await import('#lib/words/en/quota.ts')
  return module.quota
}

export async function settingsWords(language: Language): Promise<SettingsWords> {
  const module =
    language === 'de' ? await import('#lib/words/de/settings.ts') : await import('#lib/words/en/settings.ts')
  return module.settings
}

/** Of the parts of the reader. */
export async function readingWords(language: Language): Promise<Reading> {
  const module = language === 'de' ? await import('#lib/words/de/reading.ts') : await import('#lib/words/en/reading.ts')
  return module.reading
}

/** Of the settings of filters. */
export async function filterWords(language: Language): Promise<FilterWords> {
  const module = language === 'de' ? await import('#lib/words/de/filters.ts') : await import('#lib/words/en/filters.ts')
  return module.filters
}

/** Of the reply while the person is away. */
export async function absenceWords(language: Language): Promise<AbsenceWords> {
  const module = language === 'de' ? await import('#lib/words/de/absence.ts') : await import('#lib/words/en/absence.ts')
  return module.absence
}
