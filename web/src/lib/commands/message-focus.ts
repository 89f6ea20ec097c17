/** Moves the focus among the messages of the open conversation. */

/** In the document: which messages are folded away is known there. */
export function goToMessage(by: 1 | -1): void {
  const messages = [...document.querySelectorAll('.reader article')]
  const at = messages.findIndex((message) => message.contains(document.activeElement))
  const from = at < 0 && by < 0 ? messages.length : at
  const next = messages[Math.min(messages.length - 1, Math.max(0, from + by))]
  next?.querySelector<HTMLElement>('h3 button, button')?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}
