/** Keys of a window of writing. */

export type WindowKey = 'close' | 'send' | 'later' | 'cc' | 'bcc' | 'link'

/** Null: the key is text, or belongs to the browser. */
export function keyOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'isComposing'>
): WindowKey | null {
  const { key, ctrlKey, metaKey, shiftKey, altKey, isComposing } = event
  // Escape and Enter of somebody who composes a character are not ours.
  if (isComposing || altKey) return null
  if (!ctrlKey && !metaKey) return key === 'Escape' ? 'close' : null
  if (key === 'Enter') return shiftKey ? 'later' : 'send'
  if (!shiftKey) return key.toLowerCase() === 'k' ? 'link' : null
  return key.toLowerCase() === 'c' ? 'cc' : key.toLowerCase() === 'b' ? 'bcc' : null
}
