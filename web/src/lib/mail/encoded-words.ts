/** Words of a header field that are not ASCII (RFC 2047 §2) → text. */

const WORD = /=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bq])\?([^?\s]*)\?=/giu
/** RFC 2047 §6.2: white space between two of them is not shown. */
const BETWEEN = /(=\?[^?\s]+\?[bq]\?[^?\s]*\?=)\s+(?==\?[^?\s]+\?[bq]\?[^?\s]*\?=)/giu

/** The field as it was sent → what it says. A word that nobody can read stays as it is. */
export function unencoded(field: string): string {
  return field
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(BETWEEN, '$1')
    .replace(WORD, (word, charset: string, encoding: string, text: string) => {
      try {
        const octets = encoding.toLowerCase() === 'b' ? ofBase64(text) : ofQuoted(text)
        return new TextDecoder(charset, { fatal: true }).decode(octets)
      } catch {
        return word
      }
    })
}

function ofBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/** RFC 2047 §4.2 */
function ofQuoted(text: string): Uint8Array<ArrayBuffer> {
  const plain = text
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/giu, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  return Uint8Array.from(plain, (character) => character.charCodeAt(0))
}
