import { expect, test } from 'vitest'
import { Allowance, heard, MAX_ADDRESS, MAX_HEIGHT } from './port.ts'

test.each([
  [{ kind: 'ready', more: 1 }, { kind: 'ready' }],
  [{ kind: 'height', height: 12.2 }, { kind: 'height', height: 13 }],
  [{ kind: 'height', height: 33_000_000 }, { kind: 'height', height: MAX_HEIGHT }],
  [{ kind: 'scale', scale: 0.5 }, { kind: 'scale', scale: 0.5 }],
  [{ kind: 'hover', href: '' }, { kind: 'hover', href: '' }],
  [{ kind: 'hover', href: 'https://a.example/' }, { kind: 'hover', href: 'https://a.example/' }],
  [{ kind: 'link', href: 'MAILTO:a@example.org', seen: 'x'.repeat(30_000) }, { kind: 'link', href: 'mailto:a@example.org', seen: 'x'.repeat(20_000) }],
  [{ kind: 'rendered', html: '<p>' }, { kind: 'rendered', html: '<p>' }],
  [{ kind: 'rendered', html: 9 }, { kind: 'rendered', html: null }],
  [{ kind: 'rendered', html: 'x'.repeat(2_000_001) }, { kind: 'rendered', html: null }],
  [{ kind: 'key', key: 'j', shift: false }, { kind: 'key', key: 'j', shift: false, control: false }],
  [{ kind: 'key', key: 'k', control: true }, { kind: 'key', key: 'k', shift: false, control: true }],
  [{ kind: 'key', key: 'Escape', shift: 'yes' }, { kind: 'key', key: 'Escape', shift: false, control: false }]
])('the page hears %j', (said, message) => {
  expect(heard(said)).toEqual(message)
}) // prettier-ignore

test.each([
  [null], ['ready'], [[]], [{}], [{ kind: 'other' }], [{ kind: ['ready'] }],
  [{ kind: 'height' }], [{ kind: 'height', height: '9' }], [{ kind: 'height', height: -1 }], [{ kind: 'height', height: NaN }], [{ kind: 'height', height: Infinity }],
  [{ kind: 'scale' }], [{ kind: 'scale', scale: 0 }], [{ kind: 'scale', scale: 2 }], [{ kind: 'scale', scale: NaN }], [{ kind: 'scale', scale: '1' }],
  [{ kind: 'hover', href: 'javascript:alert(1)' }], [{ kind: 'hover', href: { toString: 1 } }],
  [{ kind: 'link', href: 'javascript:alert(1)', seen: 'x' }], [{ kind: 'link', href: 'data:text/html,x', seen: 'x' }],
  [{ kind: 'link', href: '/sign-out', seen: 'x' }], [{ kind: 'link', href: 'https://a.example/', seen: 9 }],
  [{ kind: 'link', href: `https://a.example/${'a'.repeat(MAX_ADDRESS)}`, seen: 'x' }],
  [{ kind: 'key', key: 'Enter' }], [{ kind: 'key', key: ' ' }], [{ kind: 'key', key: 'Tab' }], [{ kind: 'key', key: 'jj' }], [{ kind: 'key', key: 'c', control: true }], [{ kind: 'key' }]
])('the page does not hear %j', (said) => {
  expect(heard(said)).toBeNull()
}) // prettier-ignore

test('a frame may say much, not everything', () => {
  const allowance = new Allowance()
  for (let i = 0; i < Allowance.MESSAGES; i++) expect(allowance.spend(1_000)).toBe(true)
  expect(allowance.spend(1_000 + Allowance.SECONDS * 1_000)).toBe(false)
  expect(allowance.spend(1_001 + Allowance.SECONDS * 1_000)).toBe(true)
})
