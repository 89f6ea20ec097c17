/** The icons that only the settings need: `SettingsSprite` is loaded with them. */
import { AtSign, Funnel, Shield, SlidersHorizontal, Smartphone, TreePalm } from 'lucide'

export const SETTINGS_ICONS = {
  'at-sign': AtSign,
  funnel: Funnel,
  palm: TreePalm,
  phone: Smartphone,
  shield: Shield,
  sliders: SlidersHorizontal
} as const

export type SettingsIconName = keyof typeof SETTINGS_ICONS
