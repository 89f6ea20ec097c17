/** The sections of the settings, in their order. A section is there once its folder has a `Section.svelte`. */
import type { IconName } from '#lib/ui/icons.ts'
import type { SettingsWords } from '#lib/words/parts.ts'
import type { Component } from 'svelte'

export type SectionKey = keyof SettingsWords['sections']

/** What each section is given: the words of the settings. Others it loads itself. */
export type SectionView = Component<{ words: SettingsWords }>

const ICONS: Record<SectionKey, IconName> = {
  general: 'sliders',
  identities: 'at-sign',
  filters: 'funnel',
  absence: 'palm',
  folders: 'folder',
  keyboard: 'keyboard',
  devices: 'phone',
  tokens: 'key',
  security: 'shield'
}

const FILES = import.meta.glob<SectionView>('./*/Section.svelte', { eager: true, import: 'default' })

export interface Section {
  readonly key: SectionKey
  readonly icon: IconName
  readonly view: SectionView
}

export const SECTIONS: readonly Section[] = (Object.keys(ICONS) as SectionKey[]).flatMap((key) => {
  const view = FILES[`./${key}/Section.svelte`]
  return view ? { key, icon: ICONS[key], view } : []
})
