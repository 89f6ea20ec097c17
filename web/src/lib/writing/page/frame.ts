/** Where a window of writing stands, and what can be done to it there. */
export interface Frame {
  /** it covers the screen of a phone, whose bar it has */
  readonly phone: boolean
  readonly full: boolean
  /** in the page only */
  readonly onminimise?: () => void
  readonly onresize?: () => void
  /** shows it in a window of the browser */
  readonly onown?: () => void
  readonly onend: (how: 'closed' | 'sent') => void
  /** It was discarded; `undo` undoes that. */
  readonly ondiscard: (undo: () => void) => void
}
