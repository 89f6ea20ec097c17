import { octets } from '#lib/mail/octets.ts'
import { expect, test } from 'vitest'

test.each([
  [0, '0 bytes'],
  [212_000, '212 KB'],
  [1_800_000, '1.8 MB'],
  [10_000_000_000, '10 GB']
])('%d octets are read as %s', (count, text) => {
  expect(octets(count, 'en-GB')).toBe(text)
})
