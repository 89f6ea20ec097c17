/** Texts in a Sieve script (RFC 5228 §2.4.2). */

/** Octets of one text: what a mail server takes at most. Stalwart refuses longer ones. */
export const LONGEST_TEXT = 4_096

const CONTROLS = /(?!\t)\p{Cc}+/gu

/** As a header of mail could hold it: a line end or NUL is in none (RFC 5322 §2.2). */
export function oneLine(text: string): string {
  return wellFormed(text).replace(CONTROLS, ' ')
}

/**
 * A quoted string. Its lines end with CRLF; other control characters are none of a mail (RFC 5228 §8.1). Behind a
 * backslash at its end stands a blank: Stalwart would take `\\"` for a quotation mark within the text.
 */
export function quoted(text: string): string {
  const lines = wellFormed(text).split(/\r\n|\r|\n/)
  const escaped = lines.map((line) => oneLine(line).replaceAll(/["\\]/g, String.raw`\$&`)).join('\r\n')
  return `"${escaped}${escaped.endsWith('\\') ? ' ' : ''}"`
}

/**
 * A text of lines, in which a backslash is one (RFC 5228 §2.4.2): within quotation marks, Stalwart reads `C:\\new` as
 * "C:\", a line end and "ew". It ends with a line end.
 */
export function multiLine(text: string): string {
  const lines = wellFormed(text).split(/\r\n|\r|\n/)
  return ['text:', ...lines.map((line) => oneLine(line).replace(/^\./, '..')), '.', ''].join('\r\n')
}

/** For `:matches`: each character of it stands for itself (RFC 5228 §2.7.1). */
export function literal(text: string): string {
  return text.replaceAll(/[*?\\]/g, String.raw`\$&`)
}

export function listed(texts: readonly string[]): string {
  return texts.length === 1 ? quoted(texts[0] ?? '') : `[${texts.map(quoted).join(', ')}]`
}

/** Half a surrogate pair is no character of UTF-8. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}

export function octetsOf(text: string): number {
  return new TextEncoder().encode(text).length
}
