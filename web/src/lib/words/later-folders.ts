/** Words of folders' and labels' menus and dialogs; loaded with them, in one language. */
import type { Folders } from '#lib/words/en/folders.ts'
import type { Language } from '#lib/words/language.ts'

export type { Folders }

export async function folderWords(language: Language): Promise<Folders> {
  const module = language === 'de' ? await import('#lib/words/de/folders.ts') : await import('#lib/words/en/folders.ts')
  return module.folders
}
