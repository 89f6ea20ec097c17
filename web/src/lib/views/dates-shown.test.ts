import { globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { expect, test } from 'vitest'

const HERE = new URL('..', import.meta.url).pathname
/** A date in the words of a language, without the person's choice of how dates look. */
const BY_LANGUAGE = /Time\([^)]*\)?[^)]*\.language\)/

test('dates are shown everywhere as the person chose, not as their language has them', () => {
  const found = globSync(`${HERE}**/*.svelte`).filter((path) => BY_LANGUAGE.test(readFileSync(path, 'utf8')))
  expect(found.map((path) => relative(HERE, path))).toEqual([])
})

test.each(['listTime(hit.at, new Date(), spoken.language)', 'messageTime(new Date(moment), now, words.language)'])(
  '%s shows a date by the language',
  (call) => {
    expect(BY_LANGUAGE.test(call)).toBe(true)
  }
)
