/** What stands in the place of a remote picture that may not load. */
import { STYLE } from '#lib/mail/inert-html.ts'

/** CSS pixels. A picture that is smaller counts who reads, or is a line. */
const SEEN = 4
/** CSS pixels. In a smaller one no word has room. */
const ROOM = 48

/** A box as large as the picture says it is, with what it shows; nothing for a picture that nobody would see. */
export function boxOf(picture: Element, name: string): Element[] {
  const [width, height] = [sideOf(picture, 'width'), sideOf(picture, 'height')]
  if (Math.min(width ?? SEEN, height ?? SEEN) < SEEN) return []
  const box = picture.ownerDocument.createElement('span')
  const description = picture.getAttribute('alt')?.trim() ?? ''
  const label = description ? `${name}: ${description}` : name
  box.setAttribute('role', 'img')
  box.setAttribute('aria-label', label)
  box.setAttribute('title', label)
  box.setAttribute('data-blocked', Math.min(width ?? ROOM, height ?? ROOM) < ROOM ? 'small' : '')
  box.setAttribute(STYLE, displayOf(picture) + placeOf(width, height))
  // One of two pictures may be hidden: that for a desk, or that for a phone.
  if (picture.className) box.className = picture.className
  box.textContent = description || name
  return [box]
}

function displayOf(picture: Element): string {
  const [, display] = /(?:^|[;\s])display\s{0,9}:\s{0,9}(none|block)/i.exec(picture.getAttribute(STYLE) ?? '') ?? []
  return display ? `display:${display};` : ''
}

function placeOf(width: number | null, height: number | null): string {
  if (width !== null && height !== null) return `width:${width}px;aspect-ratio:${width}/${height}`
  if (width !== null) return `width:${width}px`
  return height === null ? '' : `height:${height}px`
}

/** CSS pixels; null if only the picture itself would tell. */
function sideOf(picture: Element, side: 'width' | 'height'): number | null {
  const styled = new RegExp(`(?:^|[;\\s])${side}\\s{0,9}:\\s{0,9}(\\d{1,4})(?:\\.\\d{1,9})?px`, 'i')
  const said = styled.exec(picture.getAttribute(STYLE) ?? '')?.[1] ?? picture.getAttribute(side)?.trim() ?? ''
  return /^\d{1,4}(?:px)?$/i.test(said) ? Number.parseInt(said, 10) : null
}
