import { languageOf } from '#lib/words/language.ts'
import { expect, test } from 'vitest'

test.each([
  [['de-AT', 'en'], 'de'],
  [['fr', 'de'], 'de'],
  [['fr'], 'en'],
  [[], 'en'],
  [['EN-gb', 'de'], 'en']
])('the first preferred language that we speak wins: %j', (preferred, language) => {
  expect(languageOf(preferred)).toBe(language)
})
