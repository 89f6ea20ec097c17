/** The icons that the list does not need: `ReadingSprite` is loaded with what reads. */
import {
  AppWindow,
  AtSign,
  BellOff,
  Bold,
  CalendarClock,
  Funnel,
  Italic,
  Link,
  List,
  ListOrdered,
  Maximize2,
  Minimize2,
  Shield,
  SlidersHorizontal,
  Smartphone,
  TextQuote,
  TreePalm
} from 'lucide'

export const READING_ICONS = {
  'app-window': AppWindow,
  'at-sign': AtSign,
  'bell-off': BellOff,
  bold: Bold,
  'calendar-clock': CalendarClock,
  funnel: Funnel,
  italic: Italic,
  link: Link,
  list: List,
  'list-ordered': ListOrdered,
  maximize: Maximize2,
  minimize: Minimize2,
  palm: TreePalm,
  phone: Smartphone,
  quote: TextQuote,
  shield: Shield,
  sliders: SlidersHorizontal
} as const

export type ReadingIconName = keyof typeof READING_ICONS
