/** Plain text in a window of writing. */
import { SIGNATURE_LINE } from '#lib/writing/domain/text-of-html.ts'

/** The quote at the end of a plain text: its last lines, which begin with ">", and the one above that says who wrote. */
export function partPlain(text: string): { readonly own: string; readonly quote: string } {
  const lines = text.split('\n')
  let from = lines.length
  while (from > 0 && /^>|^\s*$/.test(lines[from - 1] ?? '')) from -= 1
  const quoted = lines.slice(from).findIndex((line) => line.startsWith('>'))
  if (quoted < 0) return { own: text, quote: '' }
  // Blank lines between the attribution and the quote belong to neither.
  if (/:\s*$/.test(lines[from - 1] ?? '')) from -= 1
  else from += quoted
  if (from <= 0) return { own: text, quote: '' }
  return { own: lines.slice(0, from).join('\n'), quote: `\n${lines.slice(from).join('\n')}` }
}

/** Whether formats are lost if this becomes plain text. A quote and a signature are none: their words stay. */
export function hasFormats(html: string): boolean {
  const [own = ''] = html.split('<div data-quote')
  return /<(?!\/|(?:div|p|br)\b)/.test(own)
}

/** Where its signature begins, if nothing stands above it. */
export function signatureStart(text: string): number | null {
  const lines = text.split('\n')
  const at = lines.indexOf(SIGNATURE_LINE)
  const above = lines.slice(0, Math.max(0, at))
  return at < 0 || above.join('').trim() !== '' ? null : above.join('\n').length
}
