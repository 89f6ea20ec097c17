/** The words of actions, which the first view does not need: each language is a file of its own. */
import type { Widen } from '#lib/words/en.ts'
import type { actions } from '#lib/words/en/actions.ts'
import type { Language } from '#lib/words/language.ts'

export type ActionWords = Widen<typeof actions>
/** Each command has a name in words. */
export type CommandName = keyof ActionWords['commands']

export async function loadActionWords(language: Language): Promise<ActionWords> {
  const module = language === 'de' ? await import('#lib/words/de/actions.ts') : await import('#lib/words/en/actions.ts')
  return module.actions
}
