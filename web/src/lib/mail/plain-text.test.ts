import { pieces, plainText } from '#lib/mail/plain-text.ts'
import { expect, test } from 'vitest'
import { timesAsLong } from '../../../tests/processor-time.ts'

const text = (all: readonly { text: string }[]) => all.map((piece) => piece.text).join('')

test('the quoted end of a mail is told apart, with the line that introduces it', () => {
  const { body, quoted } = plainText('Thank you.\r\n\r\nOn Monday Mara wrote:\r\n> Hello\r\n>\r\n> Bye\r\n')
  expect(text(body)).toBe('Thank you.')
  expect(text(quoted)).toBe('On Monday Mara wrote:\n> Hello\n>\n> Bye')
})

test('quoted text that is answered below stays in the body', () => {
  const { body, quoted } = plainText('> When?\nTomorrow.')
  expect(text(body)).toBe('> When?\nTomorrow.')
  expect(quoted).toEqual([])
})

test('a mail that is only quoted text has an empty body', () => {
  expect(text(plainText('> Hello').body)).toBe('')
})

test.each([
  ['See https://example.org/a?b=c.', 'https://example.org/a?b=c'],
  ['(https://example.org/)', 'https://example.org/'],
  ['Write to mailto:mara@example.org!', 'mailto:mara@example.org'],
  ['HTTPS://EXAMPLE.ORG', 'HTTPS://EXAMPLE.ORG']
])('an address in %j becomes a link without the punctuation around it', (line, href) => {
  expect(pieces(line).filter((piece) => piece.href !== null)).toEqual([{ text: href, href }])
  expect(text(pieces(line))).toBe(line)
})

test.each(['javascript:alert(1)', 'data:text/html,x', 'https://', 'file:///etc/passwd', '<b>bold</b>'])(
  '%j stays mere words',
  (line) => {
    expect(pieces(line)).toEqual([{ text: line, href: null }])
  }
)

test('an address of a megabyte takes no longer than a moment', () => {
  expect(timesAsLong(() => plainText(`http://a${'.'.repeat(1_000_000)}x`))).toBeLessThan(500)
})
