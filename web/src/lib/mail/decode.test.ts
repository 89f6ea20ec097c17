import { decoded } from '#lib/mail/decode.ts'
import { expect, test } from 'vitest'

const LATIN = Uint8Array.of(0x47, 0x72, 0xfc, 0xdf, 0x65)

test.each([
  ['the charset that the message names', LATIN, 'ISO-8859-1', 'Grüße'],
  ['UTF-8, if it names none', new TextEncoder().encode('Grüße'), null, 'Grüße'],
  ['UTF-8, if it names US-ASCII', new TextEncoder().encode('Grüße'), 'us-ascii', 'Grüße'],
  ['Windows-1252, if it names none and is not UTF-8', LATIN, null, 'Grüße'],
  ['UTF-8, if it names one that nobody knows', new TextEncoder().encode('Grüße'), 'x-nonsense', 'Grüße'],
  ['its mark, whatever the message names', Uint8Array.of(0xff, 0xfe, 0x47, 0, 0x72, 0), 'utf-8', 'Gr'],
  ['UTF-8 without its mark', Uint8Array.of(0xef, 0xbb, 0xbf, 0x47), null, 'G'],
  ['what its charset says, where UTF-8 cannot be', Uint8Array.of(0x82, 0xa0), 'Shift_JIS', 'あ']
])('a text is decoded by %s', (_, octets, charset, text) => {
  expect(decoded(octets, charset)).toBe(text)
})

test('a text that is cut off within a character is UTF-8 all the same', () => {
  expect(decoded(new TextEncoder().encode('Grüß').subarray(0, 5), null)).toBe('Grü')
})

test('every kind of line end is one', () => {
  expect(decoded(new TextEncoder().encode('a\r\nb\rc\n'), null)).toBe('a\nb\nc\n')
})
