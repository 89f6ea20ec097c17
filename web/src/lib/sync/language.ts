/** The language that the person chose follows them to other devices. */
import type { Tongue } from './ports.ts'
import type { Settings, SettingsDocument } from './settings.ts'

/** What was chosen here last goes before what the service keeps. Raises JmapFailure; then it waits on this device. */
export async function settleLanguage(tongue: Tongue, document: SettingsDocument, settings: Settings): Promise<void> {
  const { untold } = tongue
  const { language } = settings
  if (untold !== null) {
    await document.change((kept) => ({ ...kept, language: untold }))
    tongue.told(untold)
  } else if (typeof language === 'string') {
    tongue.adopt(language)
  }
}
