import { globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { expect, test } from 'vitest'

const SRC = new URL('../..', import.meta.url).pathname
/** Also a role that is decided when it is drawn. */
const POLITE = /role=(?:"|\{[^}]*['"])(?:status|log|timer)\b|aria-live/
/** What is behind a modal dialog is inert, and is not read: there it needs a region of its own. */
const IN_MODAL = ['views/attachments/Preview', 'views/reader/MessageSource', 'actions/page/Picker']
/** These are pages of their own, without the mail page's region. */
const OTHER_PAGES = ['views/preparation/Preparation', 'views/preparation/ServiceAway', 'views/sign-in/FlowForm']

test('a page has one polite live region, so that no two sentences are told at once', () => {
  const found = globSync(`${SRC}**/*.svelte`).filter((path) => POLITE.test(readFileSync(path, 'utf8')))
  const exempt = [...IN_MODAL, ...OTHER_PAGES].map((path) => `lib/${path}.svelte`)
  expect(found.map((path) => relative(SRC, path)).toSorted()).toEqual(
    [...exempt, 'lib/ui/LiveRegion.svelte'].toSorted()
  )
})

test.each(['role="status"', "role={state === 'saved' ? undefined : 'status'}", 'role="log"', 'aria-live="polite"'])(
  '%s is a live region',
  (attribute) => {
    expect(POLITE.test(`<p ${attribute}>`)).toBe(true)
  }
)
