/** Plain text → HTML of the editor: each line a block, quoted lines in quotes, the signature as such. */
import { escaped } from './html-tokens.ts'
import { quoteStart } from './quote-start.ts'
import { SIGNATURE_LINE } from './text-of-html.ts'

/** Quotes within quotes that become elements. A text may begin with a million ">". */
const DEEPEST = 20
export const OPEN_QUOTE =
  '<blockquote type="cite" style="margin: 0 0 0 0.8ex; padding-left: 1ex; border-left: 1px solid #ccc">'
/** What is quoted, with the line that introduces it */
export const OPEN_QUOTED = '<div data-quote="">'
/** The same of a message of which nobody knows what could be seen */
export const OPEN_QUOTED_WHOLE = '<div data-quote="whole">'
/** To write in, or between two parts. */
export const EMPTY_LINE = '<div><br></div>'
export const OPEN_SIGNATURE = '<div data-signature="">'

export function htmlOfText(text: string): string {
  const lines = text.replace(/\r\n?/gu, '\n').split('\n')
  const quoted = quoteStart(lines)
  const own = lines.slice(0, quoted)
  const signature = own.lastIndexOf(SIGNATURE_LINE)
  const written = signature < 0 ? own : own.slice(0, signature)
  return [
    blocks(written),
    signature < 0 ? '' : `${OPEN_SIGNATURE}${blocks(own.slice(signature + 1))}</div>`,
    quoted === lines.length ? '' : `${OPEN_QUOTED}${blocks(lines.slice(quoted))}</div>`
  ].join('')
}

/** Without quotes, signature and the like: a part of the text. */
export function blocks(lines: readonly string[]): string {
  const html: string[] = []
  let depth = 0
  for (const line of lines) {
    const [marks = ''] = /^(?:> ?)*/u.exec(line) ?? []
    const wanted = Math.min(marks.replaceAll(' ', '').length, DEEPEST)
    for (; depth < wanted; depth++) html.push(OPEN_QUOTE)
    for (; depth > wanted; depth--) html.push('</blockquote>')
    html.push(`<div>${line.length === marks.length ? '<br>' : spaced(escaped(line.slice(marks.length)))}</div>`)
  }
  return [...html, '</blockquote>'.repeat(depth)].join('')
}

/** Spaces that a browser would join, or drop at the beginning. */
function spaced(line: string): string {
  return line.replaceAll('\t', '    ').replace(/^ | (?= )/gu, '&nbsp;')
}
