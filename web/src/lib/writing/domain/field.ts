/** Text of a header field. It must not end the field: some mail servers write a line end as it stands. */

export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .toWellFormed()
}

/** RFC 8620 and the MIME standards know no unpaired surrogates and no NUL; a lone carriage return is a line end. */
export function plainLines(text: string): string {
  return text.replace(/\r\n?/gu, '\n').replaceAll('\0', '').toWellFormed()
}

/** A Message-ID or Content-ID without its angle brackets (RFC 5322 §3.6.4), and short enough for a line. */
export function isMessageId(id: string): boolean {
  return /^[\x21-\x3b\x3d\x3f-\x7e]{1,900}$/u.test(id)
}
