import { readFileSync } from 'node:fs'
import { globSync } from 'node:fs'
import { relative } from 'node:path'
import { expect, test } from 'vitest'

const LIB = new URL('..', import.meta.url).pathname
const POLITE = /role="(status|log|timer)"|aria-live/
/** What is behind a modal dialog is inert, and is not read: there it needs a region of its own. */
const IN_MODAL = /<(Popup|Viewer)\b/
/** These are pages of their own. */
const OTHER_PAGES = /^views\/(sign-in|preparation)\//

test('a page has one polite live region, so that no two sentences are told at once', () => {
  const found = globSync(`${LIB}**/*.svelte`)
    .map((path) => ({ path: relative(LIB, path), text: readFileSync(path, 'utf8') }))
    .filter(({ path, text }) => POLITE.test(text) && !IN_MODAL.test(text) && !OTHER_PAGES.test(path))
  expect(found.map(({ path }) => path)).toEqual(['ui/LiveRegion.svelte'])
})
