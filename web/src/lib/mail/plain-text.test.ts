import { pieces, plainText, type Block } from '#lib/mail/plain-text.ts'
import { expect, test } from 'vitest'
import { timesAsLong } from '../../../tests/processor-time.ts'

const text = (all: readonly { text: string }[]) => all.map((piece) => piece.text).join('')

/** As lines, each quote with as many marks as it is deep. */
const blocks = (all: readonly Block[]) => all.map(({ depth, pieces: some }) => '>'.repeat(depth) + text(some))

test('the quoted end of a mail is told apart, with the line that introduces it', () => {
  const { body, quoted } = plainText('Thank you.\r\n\r\nOn Monday Mara wrote:\r\n> Hello\r\n>\r\n> Bye\r\n')
  expect(blocks(body)).toEqual(['Thank you.'])
  expect(blocks(quoted)).toEqual(['On Monday Mara wrote:', '>Hello\n\nBye'])
})

test('quoted text that is answered below stays in the body', () => {
  const { body, quoted } = plainText('> When?\nTomorrow.')
  expect(blocks(body)).toEqual(['>When?', 'Tomorrow.'])
  expect(quoted).toEqual([])
})

test('a mail that is only quoted text has an empty body', () => {
  expect(plainText('> Hello').body).toEqual([])
})

test('each quote stands apart from its answer, as deep as its marks say, without them', () => {
  const { body } = plainText('\n  Hello\n\n>> When?\n>>  Where?\n> > Who?\n\n> Soon.\n\nGood\n\n\nday > night\n')
  expect(blocks(body)).toEqual(['  Hello', '>>When?\n Where?\nWho?', '>Soon.', 'Good\n\n\nday > night'])
  expect(blocks(plainText(`${'> '.repeat(99)}deep\nend`).body)).toEqual(['>>>>>deep', 'end'])
})

test('text that is quoted in more parts than a talk has is one text', () => {
  const { body } = plainText('> a\nb\n'.repeat(2_000))
  expect(body).toHaveLength(1)
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

test.each(['> ', '>', ' ', '>\n\n'])('a megabyte of %j takes no longer than a moment', (piece) => {
  expect(timesAsLong(() => plainText(`${piece.repeat(1_000_000 / piece.length)}x`))).toBeLessThan(500)
})
