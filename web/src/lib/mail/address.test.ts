import { expect, test } from 'vitest'
import { domainOf } from './address.ts'

test.each([
  ['ann@example.org', 'example.org'],
  ['ann@Example.ORG ', 'example.org'],
  ['"a@b"@example.org', 'example.org']
])('domains are compared in lower case: that of %j is %j', (address, domain) => {
  expect(domainOf(address)).toBe(domain)
})
