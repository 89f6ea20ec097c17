/** HTML of the editor → plain text (RFC 8621 §4.6 wants both): lists, links, quotes with "> " (RFC 3676 §4.5). */
import { oneLine } from './field.ts'
import { attributeOf, tokensOf, VOID, type Token } from './html-tokens.ts'

const BLOCKS = new Set([
  ...['div', 'p', 'blockquote', 'ul', 'ol', 'li', 'table', 'tr', 'pre', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'center'],
  ...['dl', 'dt', 'dd', 'figure', 'figcaption', 'tbody', 'thead', 'tfoot', 'caption']
])
/** Blocks with an empty line around them. */
const SPACED = new Set(['p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table', 'dl', 'figure'])
const RULE = '----------'
/** RFC 3676 §4.3, with the space at its end */
export const SIGNATURE_LINE = '-- '

type Tag = Exclude<Token, { kind: 'text' }>

interface Prefix {
  readonly element: string
  /** in front of its first line, and of the others */
  first: string
  readonly rest: string
}

class Writer {
  readonly #lines: string[] = []
  readonly #prefixes: Prefix[] = []
  /** null: nothing was written into it yet */
  #line: string | null = null
  #wantsBlank = false

  write(text: string): void {
    if (this.#line === null && this.#wantsBlank && this.#lines.length > 0) this.#emit('')
    this.#wantsBlank = false
    this.#line = (this.#line ?? '') + text
  }

  get isFresh(): boolean {
    return this.#line === null || /\s$/u.test(this.#line)
  }

  /** End the line, if one has begun. */
  endLine(): void {
    if (this.#line !== null) this.#emit(this.#line)
    this.#line = null
  }

  /** A line ends here even if it is empty. */
  breakLine(): void {
    this.write('')
    this.endLine()
  }

  wantBlank(): void {
    this.endLine()
    this.#wantsBlank = this.#lines.at(-1)?.replace(/^[> ]+$/u, '') !== ''
  }

  open(prefix: Prefix): void {
    this.endLine()
    this.#prefixes.push(prefix)
  }

  close(element: string): void {
    this.endLine()
    const at = this.#prefixes.findLastIndex((prefix) => prefix.element === element)
    if (at >= 0) this.#prefixes.splice(at)
  }

  text(): string {
    this.endLine()
    return this.#lines.join('\n').replace(/^\n+|\n+$/gu, '')
  }

  #emit(line: string): void {
    let prefix = ''
    for (const each of this.#prefixes) {
      prefix += each.first
      each.first = each.rest
    }
    const shown = line === SIGNATURE_LINE ? line : line.trimEnd()
    this.#lines.push(`${shown === '' ? prefix.trimEnd() : prefix}${shown}`.replace(/^(?:> )+/u, quoteMarks))
  }
}

/** RFC 3676 §4.5: the marks of quotes within quotes stand together. */
function quoteMarks(marks: string): string {
  return `${'>'.repeat(marks.length / 2)} `
}

export function textOfHtml(html: string): string {
  return new Reading().of(html)
}

class Reading {
  readonly #out = new Writer()
  /** the numbers of the open lists; null: not numbered */
  readonly #lists: (number | null)[] = []
  /** the open elements */
  readonly #elements: { readonly name: string; readonly preformatted: boolean }[] = []
  #link: { href: string; text: string } | null = null
  #isBehindPicture = false

  of(html: string): string {
    for (const token of tokensOf(html)) {
      if (token.kind === 'text') this.#text(token.text)
      else if (token.kind === 'open') this.#open(token)
      else this.#close(token.name)
    }
    return this.#out.text()
  }

  #text(text: string): void {
    if (this.#link) this.#link.text += text
    if (this.#elements.at(-1)?.preformatted) {
      text.split('\n').forEach((line, at) => {
        if (at > 0) this.#out.breakLine()
        if (line !== '') this.#out.write(line)
      })
      return
    }
    const words = text.replace(/[ \t\r\n\f]+/gu, ' ')
    const isJoined = this.#isBehindPicture && /^[\p{L}\p{N}]/u.test(words)
    const written = this.#out.isFresh ? words.replace(/^ /u, '') : isJoined ? ` ${words}` : words
    this.#isBehindPicture = false
    if (written !== '') this.#out.write(written.replaceAll('\u00a0', ' '))
  }

  /** What it shows, apart from the words around it: it may be the name of a file. */
  #picture(alternative: string): void {
    if (alternative === '') return
    this.#text(`${this.#out.isFresh ? '' : ' '}[${alternative}]`)
    this.#isBehindPicture = true
  }

  #open(tag: Tag): void {
    const { name, attributes } = tag
    if (SPACED.has(name)) this.#out.wantBlank()
    else if (BLOCKS.has(name)) this.#out.endLine()
    if (name === 'br') this.#out.breakLine()
    else if (name === 'blockquote') this.#out.open({ element: name, first: '> ', rest: '> ' })
    else if (name === 'ul' || name === 'ol') this.#lists.push(name === 'ol' ? firstNumber(attributes) : null)
    else if (name === 'li') this.#item()
    else if (name === 'a') this.#link = { href: attributeOf(attributes, 'href') ?? '', text: '' }
    else if (name === 'img') this.#picture(oneLine(attributeOf(attributes, 'alt') ?? ''))
    else if (name === 'hr') this.#rule()
    if (attributeOf(attributes, 'data-signature') !== null) this.#signature()
    if (!VOID.has(name)) {
      const preformatted = this.#elements.at(-1)?.preformatted === true || isPreformatted(tag)
      this.#elements.push({ name, preformatted })
    }
  }

  #close(name: string): void {
    if (name === 'a') this.#endLink()
    else if (name === 'ul' || name === 'ol') this.#lists.pop()
    else if (name === 'blockquote' || name === 'li') this.#out.close(name)
    else if (name === 'td' || name === 'th') this.#out.write('\t')
    const at = this.#elements.findLastIndex((element) => element.name === name)
    if (at >= 0) this.#elements.splice(at)
    if (SPACED.has(name)) this.#out.wantBlank()
    else if (BLOCKS.has(name)) this.#out.endLine()
  }

  #item(): void {
    const number = this.#lists.at(-1) ?? null
    if (number !== null) this.#lists[this.#lists.length - 1] = number + 1
    const mark = number === null ? '* ' : `${number}. `
    this.#out.open({ element: 'li', first: mark, rest: ' '.repeat(mark.length) })
  }

  #rule(): void {
    this.#out.endLine()
    this.#out.write(RULE)
    this.#out.endLine()
  }

  #signature(): void {
    this.#out.endLine()
    this.#out.write(SIGNATURE_LINE)
    this.#out.endLine()
  }

  /** The address behind the words, unless the words say it. */
  #endLink(): void {
    const { href = '', text = '' } = this.#link ?? {}
    this.#link = null
    const said = text.trim().replace(/\/$/u, '')
    const address = href.replace(/^mailto:/iu, '').replace(/\/$/u, '')
    if (href === '' || href.startsWith('#') || address === said || address.replace(/^https?:\/\//iu, '') === said)
      return
    this.#out.write(`${said === '' || this.#out.isFresh ? '' : ' '}<${href}>`)
  }
}

function firstNumber(attributes: string): number {
  const start = Number(attributeOf(attributes, 'start') ?? 1)
  return Number.isSafeInteger(start) ? start : 1
}

function isPreformatted({ name, attributes }: Tag): boolean {
  return (
    name === 'pre' ||
    /white-space:\s*(?:pre|pre-wrap|pre-line|break-spaces)\b/iu.test(attributeOf(attributes, 'style') ?? '')
  )
}
