/** The icons that only windows of writing need: `WritingSprite` is loaded with them. */
import {
  AppWindow,
  Bold,
  CalendarClock,
  Italic,
  Link,
  List,
  ListOrdered,
  Maximize2,
  Minimize2,
  TextQuote
} from 'lucide'

export const WRITING_ICONS = {
  'app-window': AppWindow,
  bold: Bold,
  'calendar-clock': CalendarClock,
  italic: Italic,
  link: Link,
  list: List,
  'list-ordered': ListOrdered,
  maximize: Maximize2,
  minimize: Minimize2,
  quote: TextQuote
} as const

export type WritingIconName = keyof typeof WRITING_ICONS
