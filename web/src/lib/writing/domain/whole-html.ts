/** The editor's HTML as a document, and back. */

/** `dir`: text in Hebrew or Arabic begins at the right everywhere. */
const START = '<!doctype html><html><body><div dir="auto">'
const END = '</div></body></html>'

export function wrapped(html: string): string {
  return `${START}${html}${END}`
}

/** What is not ours stays as it is. */
export function unwrapped(html: string): string {
  const whole = html.trim()
  return whole.startsWith(START) && whole.endsWith(END) ? whole.slice(START.length, -END.length) : html
}
