/** What is typed into a text that holds a signature alone goes above it, wherever the text is pressed first. */

const SIGNATURE = '[data-signature]'

/** Of a formatted text: nothing but a signature is in it, and perhaps what is quoted. */
export function isOnlySignature(root: HTMLElement): boolean {
  if (!root.querySelector(SIGNATURE)) return false
  const written = root.cloneNode(true) as HTMLElement
  for (const part of written.querySelectorAll(`${SIGNATURE}, [data-quote]`)) part.remove()
  return written.textContent.replaceAll('\u200b', '').trim() === '' && !written.querySelector('img, li, hr, td')
}

/**
 * To be attached to a text. `leads`: whether a press leads the cursor above the signature; `isFirst`: it brings the focus. Who
 * presses once more into the signature, or into the quote, wants to change it.
 */
export function onPress(leads: typeof leadsAbove, go: () => void) {
  return (root: HTMLElement): (() => void) => {
    const ends = new AbortController()
    const { signal } = ends
    let isFirst = false
    root.addEventListener('pointerdown', () => (isFirst = document.activeElement !== root), { signal })
    // By now the browser has put the cursor where the press was. A drag, which selects, ends with a click, too.
    const clicked = ({ target }: MouseEvent): void => {
      if (!hasSelected(root) && leads(root, isFirst, target as Element)) go()
    }
    root.addEventListener('click', clicked, { signal })
    return () => ends.abort()
  }
}

function hasSelected(root: HTMLElement): boolean {
  // What is selected in a text area is no selection of the document.
  if (root instanceof HTMLTextAreaElement) return root.selectionStart !== root.selectionEnd
  return getSelection()?.isCollapsed === false
}

/** Of a formatted text. */
export function leadsAbove(root: HTMLElement, isFirst: boolean, target: Element): boolean {
  return isOnlySignature(root) && (isFirst || target.closest(`${SIGNATURE}, [data-quote]`) === null)
}
