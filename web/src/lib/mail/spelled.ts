/** An address as it is written: what cannot be seen of it is spelled out, and where it is cut both ends stay. */

/** Two addresses that differ in it look the same. Persian and Indian names have joiners between their letters, and marks above. */
const UNSEEN =
  /[\p{Cc}\u2800]|(?![\u200c\u200d ])[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Z}]|(?<=\p{Script=Latin}|[\x00-\x40])[\u200c\u200d\p{M}]/gu

/** RFC 5321 §4.5.3.1.1, and RFC 1035 §2.3.4 */
const [LONGEST_LOCAL, LONGEST_DOMAIN] = [64, 253]

export function isUnseenIn(address: string): boolean {
  return address.normalize('NFC').search(UNSEEN) >= 0
}

/** What stands in front of the @; empty if there is none. */
export function localOf(address: string): string {
  return address.slice(0, Math.max(0, address.lastIndexOf('@')))
}

export function spelled(address: string): string {
  const at = address.lastIndexOf('@') + 1
  return cut(address.slice(0, at), LONGEST_LOCAL + 1) + cut(address.slice(at), LONGEST_DOMAIN)
}

/** The end of a domain says whose it is. */
function cut(text: string, most: number): string {
  const shown = text.length > most ? `${text.slice(0, most / 2)}…${text.slice(-most / 2)}` : text
  return shown
    .normalize('NFC')
    .replace(UNSEEN, (one) => `[U+${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`)
}
