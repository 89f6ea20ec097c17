/** Links in the text: `href` where it is kept and sent, `data-href` where it is edited. */

/** A tag of a link as browsers write it: `"` stands in no value, `>` may. */
const LINK = /<a\b(?:[^>"]|"[^"]*")*>/g

/** What is kept of what the editor holds: there, a link has its address in `data-href`. */
export function storedLinks(html: string): string {
  return html.replaceAll(LINK, (tag) => (tag.includes(' href="') ? tag : tag.replace(' data-href="', ' href="')))
}
