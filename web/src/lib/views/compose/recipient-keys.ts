/** Keys and drags of the fields of recipients. */

/** The type of what is dragged: a recipient's place. */
export const DRAGGED = 'application/x-postroom-recipient'

/** These end what is typed; a space does not, since names have some. Enter with Ctrl sends. */
export function takesText({ key, ctrlKey, metaKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>): boolean {
  return !ctrlKey && !metaKey && (key === 'Enter' || key === ',' || key === ';')
}
