/** What of a `style` attribute may stand in our page: how words look, never where they stand, and nothing that loads. */

const PROPERTIES: ReadonlySet<string> = new Set([
  ...['color', 'background-color', 'font-family', 'font-size', 'font-style', 'font-weight', 'line-height'],
  ...['text-align', 'text-decoration', 'text-decoration-line', 'text-indent', 'vertical-align', 'white-space'],
  ...['direction', 'list-style-type', 'border-collapse', 'border-spacing'],
  ...['', '-top', '-right', '-bottom', '-left'].flatMap((side) => [`margin${side}`, `padding${side}`, `border${side}`]),
  ...['border-color', 'border-style', 'border-width', 'border-left-color', 'border-left-style', 'border-left-width']
])
/** Words, numbers, lengths and colours. No minus in front of a number: it would move text over what stands beside it. */
const TOKEN = String.raw`(?:#[0-9a-f]{3,8}|[a-z][a-z-]*|"[a-z0-9 _-]*"|'[a-z0-9 _-]*'|\d*\.?\d+(?:%|[a-z]{1,4})?|(?:rgb|hsl)a?\([\d., %/]*\))`
const VALUE = new RegExp(`^${TOKEN}(?:[ ,]+${TOKEN})*$`, 'iu')
const LONGEST = 200
/** Characters of a style attribute. More is not how words look. */
const MOST = 4_000

export function cleanStyle(style: string): string {
  return style
    .slice(0, MOST)
    .split(';')
    .flatMap((declaration) => {
      const at = declaration.indexOf(':')
      const name = declaration.slice(0, at).trim().toLowerCase()
      const value = declaration
        .slice(at + 1)
        .replace(/!\s*important\s*$/iu, '')
        .trim()
      const isFine = PROPERTIES.has(name) && value.length <= LONGEST && VALUE.test(value) && !isHuge(value)
      return isFine ? [`${name}: ${value}`] : []
    })
    .join('; ')
}

/** A word as large as the window would cover it. */
function isHuge(value: string): boolean {
  return [
    ...value
      .replaceAll(/#[0-9a-f]+/giu, '')
      .matchAll(/(\d*\.?\d+)(px|pt|pc|in|cm|mm|q|em|rem|ex|ch|vw|vh|vmin|vmax|[a-z]{2,4})?/giu)
  ].some(([, number, unit = '']) => Number(number) > (/^(?:px|pt|q)?$/iu.test(unit) ? 1_000 : 100))
}
