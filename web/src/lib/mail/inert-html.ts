/**
 * HTML whose parsing applies nothing and runs nothing. A document that a page makes has the page's policy, so a browser tells
 * the console of every style, every `on…` and every `<base>` that it parses there, although none counts for anything.
 */

/** A `<style>` of a mail. */
export interface Sheet {
  readonly css: string
  readonly media: string
}

export interface InertHtml {
  readonly html: string
  /** what its `<style>` elements hold: there are none in `html` */
  readonly sheets: readonly Sheet[]
}

/** Elements whose content is not for readers. */
export const UNREAD = 'script style template title svg math video audio iframe object datalist xmp'.split(' ')

/** What `style` is named until the HTML is sanitized. */
export const STYLE = 'data-style'

// None of these has the flag `u`: with it, `ſ` would match an `s`. And a name ends only where it ends in HTML: otherwise
// `<style-guide>` would pass for a `<style>`.

/** Comments and raw text, in which nothing is a tag, and tags. Each alternative also ends where the text does: no part is read twice. */
const PIECE =
  /<!--[\s\S]*?(?:-->|$)|<(script|style|title|textarea|xmp|iframe|noembed|noframes)(?=[\t\n\f\r />]|$)[\s\S]*?(?:<\/\1(?=[\t\n\f\r />]|$)[^>]*>?|$)|<[a-z](?:[^>=]+|=\s*(?:"[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s"'>]?))*/gi
/** Values of attributes, which stay as they are, and names. */
const VALUE_OR_NAME = /=\s*(?:"[^"]*"?|'[^']*'?|[^\s>]*)|(?<=[\s/"'])(?:style|on[a-z]+)(?=\s*=)/gi
const SHEET = /^<style((?:[^>"']|"[^"]*"|'[^']*')*)>([\s\S]*?)(?:<\/style(?=[\t\n\f\r />]|$)[^>]*>?)?$/i
const MEDIA = /\bmedia\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i
const BASE = /^<base(?=[\t\n\f\r />]|$)/i

export function inertHtml(source: string): InertHtml {
  const sheets: Sheet[] = []
  const html = source.replaceAll(PIECE, (piece: string, raw: string | undefined) => {
    if (raw?.toLowerCase() === 'style') {
      sheets.push(...sheetOf(piece))
      return ''
    }
    if (raw !== undefined || piece.startsWith('<!')) return piece
    if (BASE.test(piece)) return '<wbr'
    return piece.replaceAll(VALUE_OR_NAME, (part) => (part.startsWith('=') ? part : `data-${part.toLowerCase()}`))
  })
  return { html, sheets }
}

function sheetOf(element: string): Sheet[] {
  const [, attributes = '', text = ''] = SHEET.exec(element) ?? []
  // Old mails hide their styles from old readers.
  const css = text.replaceAll(/<!--|-->/g, '')
  const [, ...media] = MEDIA.exec(attributes) ?? []
  // Of the three groups at most one is defined.
  return css.trim() === '' ? [] : [{ css, media: media.join('') }]
}
