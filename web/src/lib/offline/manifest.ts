/** What a browser needs to install the page as an app. It is named late: the first view does not need it. */
const COLOURS = { light: '#f4f3f0', dark: '#131312' }

/** The manifest in this language; call it again for another one. Returns how to take it out. */
export function nameManifest(page: Document, language: string): () => void {
  const named = [
    element(page, 'link', { rel: 'manifest', href: `/${language}.webmanifest` }),
    element(page, 'link', { rel: 'apple-touch-icon', href: '/icons/180.png' }),
    ...Object.entries(COLOURS).map(([scheme, content]) =>
      element(page, 'meta', { name: 'theme-color', content, media: `(prefers-color-scheme: ${scheme})` })
    )
  ]
  page.head.append(...named)
  return () => named.forEach((one) => one.remove())
}

function element(page: Document, name: string, attributes: Readonly<Record<string, string>>): Element {
  const made = page.createElement(name)
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value))
  return made
}
