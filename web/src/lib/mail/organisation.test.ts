import { expect, test } from 'vitest'
import { shownDomain } from './organisation.ts'
import { fromPunycode } from './punycode.ts'

test.each([
  ['раураl.com', 'xn--'],
  ['xn--80ak6aa92e.com', 'xn--'],
  ['bücher.de', 'bücher.de'],
  ['xn--bcher-kva.de', 'bücher.de'],
  ['пример.рф', 'пример.рф'],
  ['example.org', 'example.org'],
  ['pаypal.com', 'xn--']
])('a domain is shown so that it cannot deceive: %s', (domain, shown) => {
  expect(shownDomain(domain)).toContain(shown)
})

test('the letters of a domain are found again', () => {
  for (const label of ['bücher', 'пример', '例え', 'ελληνικά', 'münchen-über-öl', 'ü', '💌', 'a💌b💌']) {
    const network = new URL(`http://${label}.example`).hostname.split('.')[0] ?? ''
    expect(fromPunycode(network.slice(4))).toBe(label)
  }
  for (const wrong of ['', '-', 'é', '99999999', 'a'.repeat(64), 'zzzzzzzz', '!']) {
    expect(fromPunycode(wrong) ?? '').not.toMatch(/[^\x00-\u{10ffff}]/u)
  }
})
