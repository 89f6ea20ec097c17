/** Between a draft and the editor: what is put into it, and what comes out. */
import { cidOf, storedPictures } from '#lib/compose/pictures.ts'
import { cleanFragment } from '#lib/compose/quote-html.ts'

/** A tag of an image as browsers write it: `"` stands in no value, `>` may. */
const IMAGE = /<img\b(?:[^>"]|"[^"]*")*>/g

/**
 * Sanitized HTML. Pictures are named, and shown by `showPictures`: an address of the scheme `cid:` in the page would be a
 * violation of its policy.
 */
export function editable(html: string): DocumentFragment {
  const fragment = cleanFragment(html)
  for (const picture of fragment.querySelectorAll('img[src^="cid:" i]')) {
    picture.setAttribute('data-cid', cidOf(picture.getAttribute('src') ?? '') ?? '')
    picture.removeAttribute('src')
  }
  // Of a copy the policy allows the styles that a quoted message has of its own.
  return document.importNode(fragment, true)
}

/**
 * What the editor holds → what the draft holds. Pictures that have no name are dropped: nobody could show them. `class`
 * marks the one that is chosen.
 */
export function asWritten(html: string): string {
  const named = html.replaceAll(IMAGE, (tag) =>
    tag.includes(' data-cid="') ? tag.replaceAll(/ class="[^"]*"/g, '') : ''
  )
  return storedPictures(named)
}

/** Show the pictures that this device has; the others come later. */
export function showPictures(root: ParentNode, urlOf: (cid: string) => string | null): void {
  for (const picture of root.querySelectorAll<HTMLImageElement>('img[data-cid]:not([src])')) {
    const url = urlOf(picture.dataset['cid'] ?? '')
    if (url !== null) picture.src = url
  }
}
