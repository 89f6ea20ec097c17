/** Elements of sanitized HTML that bear a mark of ours. */
import { attributeOf, tokensOf, VOID } from './html-tokens.ts'

export interface Range {
  readonly start: number
  readonly end: number
}

/** The elements, from tag to tag, that have this attribute and lie in no other one that has it. */
export function elementsWith(html: string, attribute: string): Range[] {
  const found: Range[] = []
  let depth = 0
  let begun: { start: number; depth: number } | null = null
  for (const token of tokensOf(html)) {
    if (token.kind === 'text' || VOID.has(token.name)) continue
    depth += token.kind === 'open' ? 1 : -1
    if (token.kind === 'open' && !begun && attributeOf(token.attributes, attribute) !== null) {
      begun = { start: token.start, depth }
    } else if (token.kind === 'close' && begun && depth < begun.depth) {
      found.push({ start: begun.start, end: token.end })
      begun = null
    }
  }
  return begun ? [...found, { start: begun.start, end: html.length }] : found
}
