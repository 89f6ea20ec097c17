/** The icon of the tab: with a dot while there is unread mail in the inbox. */

/** Of static/favicon.svg, which is shown at rest. */
export const DRAWING =
  '<path d="M22 17a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9.5C2 7 4 5 6.500 5H18c2.200 0 4 1.800 4 4v8Z"/>' +
  '<polyline points="15,9 18,9 18,11"/><path d="M6.500 5C9 5 11 7 11 9.500V17a2 2 0 0 1-2 2"/>' +
  '<line x1="6" x2="7" y1="10" y2="10"/>'

const DOTTED =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#4265d8" stroke-width="1.75" ' +
  'stroke-linecap="round" stroke-linejoin="round"><mask id="m"><path fill="#fff" stroke="none" d="M0 0h24v24H0z"/>' +
  `<circle cx="18" cy="6" r="7" fill="#000" stroke="none"/></mask><g mask="url(#m)">${DRAWING}</g>` +
  '<circle cx="18" cy="6" r="5.500" fill="#4265d8" stroke="none"/></svg>'

/** The address of the icon; `plain` is that of the one at rest. */
export function faviconFor(unread: number, plain: string): string {
  return unread > 0 ? `data:image/svg+xml,${encodeURIComponent(DOTTED)}` : plain
}
