/** A text as a person reads it: without what cannot be seen, and with one form of each letter ("＠" is read as "@"). */

/** Characters (four times the octets of a domain, RFC 1035 §2.3.4): nobody compares what is longer. */
const LONGEST = 1_020

export function asRead(text: string): string {
  return (
    text
      // Before it is cut: what cannot be seen must not push the rest out.
      .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
      .replace(/[\s\p{Z}]+/gu, ' ')
      .slice(0, LONGEST)
      .normalize('NFKC')
      .trim()
  )
}
