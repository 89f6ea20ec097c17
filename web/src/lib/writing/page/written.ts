/** What comes out of the editor, and the pictures in it. */
import { storedLinks } from '#lib/writing/domain/links.ts'
import { storedPictures } from '#lib/writing/domain/pictures.ts'

/** A tag of an image as browsers write it: `"` stands in no value, `>` may. */
const IMAGE = /<img\b(?:[^>"]|"[^"]*")*>/g

/**
 * What the editor holds → what the draft holds. Pictures that have no name are dropped: nobody could show them. `class`
 * marks the one that is chosen.
 */
export function asWritten(html: string): string {
  const named = html.replaceAll(IMAGE, (tag) =>
    tag.includes(' data-cid="') ? tag.replaceAll(/ class="[^"]*"/g, '') : ''
  )
  return storedPictures(storedLinks(named))
}

/** Show the pictures that this device has; the others come later. */
export function showPictures(root: ParentNode, urlOf: (cid: string) => string | null): void {
  for (const picture of root.querySelectorAll<HTMLImageElement>('img[data-cid]:not([src])')) {
    const url = urlOf(picture.dataset['cid'] ?? '')
    if (url !== null) picture.src = url
  }
}
