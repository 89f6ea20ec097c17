import { expect, test } from 'vitest'
import { mailtoOf } from './mailto.ts'

const addresses = (people: readonly { address: string }[] = []) => people.map(({ address }) => address)

test.each([
  ['mailto:mara@example.org', { to: ['mara@example.org'] }],
  ['MAILTO:mara@example.org', { to: ['mara@example.org'] }],
  ['mailto:a@example.org,b@example.org', { to: ['a@example.org', 'b@example.org'] }],
  [
    'mailto:?to=a@example.org&to=b@example.org&cc=c@example.org&BCC=d@example.org',
    { to: ['a@example.org', 'b@example.org'], cc: ['c@example.org'], bcc: ['d@example.org'] }
  ],
  ['mailto:%22not%40me%22@example.org', { to: ['"not@me"@example.org'] }],
  ['mailto:gorby%25kremvax@example.com', { to: ['gorby%kremvax@example.com'] }],
  ['mailto:user@example.org?subject=caf%C3%A9', { to: ['user@example.org'], subject: 'café' }],
  [
    'mailto:a@example.org?subject=1%2B1+2&body=one%0D%0Atwo%26',
    { to: ['a@example.org'], subject: '1+1+2', body: 'one\ntwo&' }
  ],
  ['mailto:a@example.org?body=one&body=two', { to: ['a@example.org'], body: 'one\ntwo' }],
  ['mailto:a@example.org?subject=a&amp;body=b', { to: ['a@example.org'], subject: 'a', body: 'b' }],
  ['mailto:', {}]
])(
  '%s',
  (
    url,
    {
      to = [],
      cc = [],
      bcc = [],
      subject = '',
      body = ''
    }: { to?: string[]; cc?: string[]; bcc?: string[]; subject?: string; body?: string }
  ) => {
    const found = mailtoOf(url)
    expect([addresses(found?.to), addresses(found?.cc), addresses(found?.bcc), found?.subject, found?.body]).toEqual([
      to,
      cc,
      bcc,
      subject,
      body
    ])
  }
)

test.each(['https://example.org/', 'javascript:alert(1)', 'mail', ''])('%j is none', (url) => {
  expect(mailtoOf(url)).toBeNull()
})

test('other header fields and files of the disk are left out', () => {
  const url =
    'mailto:a@example.org?attach=/etc/passwd&attachment=x&from=eve@example.net&reply-to=eve@example.net&in-reply-to=%3Cx%40y%3E&__proto__=x&constructor=y'
  expect(mailtoOf(url)).toEqual({
    to: [{ name: '', address: 'a@example.org' }],
    cc: [],
    bcc: [],
    subject: '',
    body: ''
  })
})

test('a line end does not leave its field', () => {
  const found = mailtoOf('mailto:a%40example.org%0D%0ABcc%3Aeve%40example.net?subject=a%0D%0ABcc:eve@example.net')
  expect([found?.subject, found?.bcc]).toEqual(['a Bcc:eve@example.net', []])
  // A second address is seen among the recipients.
  expect(addresses(found?.to)).toEqual(['a@example.org', 'eve@example.net'])
})

test('what is no UTF-8 and has no end does no harm', () => {
  expect(mailtoOf('mailto:a@example.org?subject=%FF%0')?.subject).toBe('%FF%0')
  const found = mailtoOf(`mailto:${'a@example.org,'.repeat(100_000)}`)
  expect(found?.to).toHaveLength(1)
  expect(
    mailtoOf(`mailto:?to=${Array.from({ length: 9_000 }, (_, at) => `a${at}@example.org`).join()}`)?.to
  ).toHaveLength(500)
  expect(mailtoOf(`mailto:?body=${'a'.repeat(150_000)}`)?.body).toHaveLength(100_000)
  expect(mailtoOf('mailto:?body=a%00b%1Bc%ED%A0%80')?.body).toMatch(/^(abc.*|a%00b%1Bc%ED%A0%80)$/u)
})
