/** Where the quote begins in a plain text. */

/** Characters of a line that introduces a quote. */
const LONGEST = 300
/** "---------- Forwarded message ----------", in any language */
const FORWARDED = /^-{5,} ?\S.* ?-{5,}$/u

/** The line at which it begins, with the line that introduces it; the number of lines if nothing is quoted. */
export function quoteStart(lines: readonly string[]): number {
  const at = lines.findIndex((line) => line.startsWith('>') || FORWARDED.test(line))
  if (at < 0) {
    return lines.length
  }
  if (!lines[at]?.startsWith('>')) {
    return at
  }
  const before = lines[at - 1] ?? ''
  return before.trimEnd().endsWith(':') && before.length <= LONGEST ? at - 1 : at
}

/** What the person wrote: no quoted lines, none that introduce them, nothing that was forwarded. */
export function ownText(text: string): string {
  const lines = text.replace(/\r\n?/gu, '\n').split('\n')
  const forwarded = lines.findIndex((line) => FORWARDED.test(line))
  const written = forwarded < 0 ? lines : lines.slice(0, forwarded)
  return written.filter((line, at) => !line.startsWith('>') && !introduces(written, at)).join('\n')
}

function introduces(lines: readonly string[], at: number): boolean {
  return Boolean(lines[at]?.trimEnd().endsWith(':') && lines[at + 1]?.startsWith('>'))
}
