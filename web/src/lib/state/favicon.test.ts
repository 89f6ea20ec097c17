import { DRAWING, faviconFor } from '#lib/state/favicon.ts'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

test('at rest the icon is the plain one; with unread mail it has a dot', () => {
  expect(faviconFor(0, '/favicon.svg')).toBe('/favicon.svg')
  const dotted = faviconFor(3, '/favicon.svg')
  expect(dotted).toMatch(/^data:image\/svg\+xml,/)
  expect(decodeURIComponent(dotted)).toContain('<circle cx="18" cy="6" r="5.500"')
})

test('both are the same drawing', async () => {
  expect(await readFile(new URL('../../../static/favicon.svg', import.meta.url), 'utf8')).toContain(DRAWING)
})
