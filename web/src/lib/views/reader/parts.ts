/**
 * Parts of the reader that no first view needs: each is loaded when it is first shown, with its words. This file, too, is
 * loaded late: a file that names parts loads their styles with itself.
 */
import { readingWords, type Reading } from '#lib/words/later.ts'
import type { Language } from '#lib/words/language.ts'
import type { Component, ComponentProps } from 'svelte'

const PARTS = {
  attachments: () => import('#lib/views/attachments/Attachments.svelte'),
  details: () => import('./MessageDetails.svelte'),
  menu: () => import('./MessageMenu.svelte'),
  unsubscribe: () => import('./Unsubscribe.svelte'),
  warning: () => import('./WarningBar.svelte'),
  question: () => import('./ReplyQuestion.svelte')
}

export type PartName = keyof typeof PARTS
type View<N extends PartName> = Awaited<ReturnType<(typeof PARTS)[N]>>['default']
export type Given<N extends PartName> = Omit<ComponentProps<View<N>>, 'words'>

/** What draws it, and its words. */
export interface Part {
  readonly view: Component<Record<string, unknown>>
  readonly words: Reading
}

export async function loadPart(name: PartName, language: Language): Promise<Part> {
  const [{ default: view }, words] = await Promise.all([PARTS[name](), readingWords(language)])
  return { view: view as unknown as Part['view'], words }
}
