import { peopleOf, shortened } from '#lib/state/people.ts'
import { expect, test } from 'vitest'

test('no name and no subject turns round what stands in it', () => {
  const [sender] = peopleOf([{ name: '\u202egro.elpmaxe@ssob\u202c', email: 'x@evil.example' }], () => false)
  expect(sender?.name).toBe('gro.elpmaxe@ssob')
  expect(shortened('Invoice \u2067fdp\u2069')).toBe('Invoice fdp')
})

test('marks that are stacked on a letter do not reach over the lines around it', () => {
  expect(shortened(`Bo${'\u030d'.repeat(99)}ss`)).toBe(`Bo${'\u030d'.repeat(6)}ss`)
  expect(shortened('שָׁלוֹם Nguyễn กิ่ง')).toBe('שָׁלוֹם Nguyễn กิ่ง')
})
