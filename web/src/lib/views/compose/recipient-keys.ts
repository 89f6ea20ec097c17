/** Keys and drags of the fields of recipients. */

/** The type of what is dragged: a recipient's place. */
export const DRAGGED = 'application/x-postroom-recipient'

/** These end what is typed. A space does not: names have some. */
export function takesText(key: string): boolean {
  return key === 'Enter' || key === ',' || key === ';'
}
