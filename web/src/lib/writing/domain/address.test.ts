import { expect, test } from 'vitest'
import { isAddress, sameAddress, sentAddress } from './address.ts'

test.each([
  'mara@example.org',
  'mara.lindqvist+shop@mail.example.org',
  "o'neil@example.org",
  '"mara lindqvist"@example.org',
  '"a\\"b"@example.org',
  '用户@例子.广告',
  'grüße@müller.example',
  'δοκιμή@παράδειγμα.δοκιμή',
  'mara@xn--mller-kva.example',
  'mara@[192.0.2.7]',
  'mara@[IPv6:2001:db8::1]',
  `${'a'.repeat(64)}@example.org`
])('%s is an address', (address) => {
  expect(isAddress(address)).toBe(true)
})

test.each([
  ['', 'nothing'],
  ['mara', 'no @'],
  ['@example.org', 'no local part'],
  ['mara@', 'no domain'],
  ['mara@example', 'a domain that is not finished'],
  ['mara@example.', 'an empty label'],
  ['mara@.example.org', 'an empty label'],
  ['mara@exa mple.org', 'a space'],
  ['.mara@example.org', 'a dot in front'],
  ['mara..l@example.org', 'two dots'],
  ['mara@-example.org', 'a hyphen in front'],
  ['a@b@example.org', 'two @'],
  ['mara@example.org>', 'a bracket'],
  ['mara@example.org\r\nBcc: eve@example.net', 'a line end'],
  ['"mara\n"@example.org', 'a line end in quotes'],
  ['mara\u202e@example.org', 'a character that turns text round'],
  ['mara@[192.0.2.700]', 'no address of a host'],
  [`${'a'.repeat(65)}@example.org`, 'more octets than RFC 5321 allows'],
  [`${'ü'.repeat(33)}@example.org`, 'more octets than RFC 5321 allows'],
  [`mara@${'a'.repeat(64)}.org`, 'a label that is too long'],
  [`mara@${'a.'.repeat(130)}org`, 'a domain that is too long']
])('%j is no address: %s', (text) => {
  expect(isAddress(text)).toBe(false)
})

test('two spellings of an address are the same one', () => {
  expect(sameAddress('Mara@Example.ORG', 'mara@example.org')).toBe(true)
  expect(sameAddress('mara@müller.example', 'mara@xn--mller-kva.example')).toBe(true)
  expect(sameAddress('mara@example.org', 'mara@example.net')).toBe(false)
})

test('a domain is sent in the letters of DNS, unless the local part needs others anyway', () => {
  expect(sentAddress('mara@müller.example')).toBe('mara@xn--mller-kva.example')
  expect(sentAddress('grüße@müller.example')).toBe('grüße@müller.example')
  expect(sentAddress('mara@[192.0.2.7]')).toBe('mara@[192.0.2.7]')
})
