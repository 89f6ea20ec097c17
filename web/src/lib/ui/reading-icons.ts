/** The icons that only the reader needs: `ReadingSprite` is loaded with it. */
import { BellOff } from 'lucide'

export const READING_ICONS = { 'bell-off': BellOff } as const

export type ReadingIconName = keyof typeof READING_ICONS
