/** The language that the person chose, on all their devices. */
import type { LanguagePort } from '#lib/sync/ports.ts'
import type { Settings, SettingsDocument } from '#lib/sync/settings.ts'

/** A choice on this device that is not saved yet precedes what the service keeps. Raises JmapFailure; then it stays unsaved. */
export async function syncLanguage(port: LanguagePort, document: SettingsDocument, settings: Settings): Promise<void> {
  const { unsaved } = port
  const { language } = settings
  if (unsaved !== null) {
    await document.change((kept) => ({ ...kept, language: unsaved }))
    port.saved(unsaved)
  } else if (typeof language === 'string') {
    port.adopt(language)
  }
}
