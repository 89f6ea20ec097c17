/** Keys and drags of the fields of recipients. */

/** The type of what is dragged: a recipient's place. */
export const DRAGGED = 'application/x-postroom-recipient'

/** These end what is typed; a space does not, since names have some. Enter with Ctrl sends. */
export function takesText(
  { key, ctrlKey, metaKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>,
  text: string
): boolean {
  // In a name that is quoted they are a part of it: "Lindqvist, Mara".
  return (
    !ctrlKey && !metaKey && (key === 'Enter' || ((key === ',' || key === ';') && !/^\s*"(?:[^"\\]|\\.)*$/.test(text)))
  )
}
