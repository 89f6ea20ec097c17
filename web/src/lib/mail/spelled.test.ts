import { expect, test } from 'vitest'
import { imitationOf } from './imitations.ts'
import { lookalikeOf } from './lookalikes.ts'
import { isUnseenIn, spelled } from './spelled.ts'

const KNOWN = [{ address: 'alice@bank.de', name: 'Alice', wrote: true, day: 20_000 }]
const UNSEEN = ['200B', '00AD', '2060', '034F', '202E', '180E', 'FE0F', '3164', '0332', 'E0061', '2800', '00A0', '200A']

test.each(UNSEEN)('what cannot be seen of an address (U+%s) is warned of, and spelled out', (code) => {
  const one = String.fromCodePoint(Number.parseInt(code, 16))
  for (const address of [`alice@bank.de${one}`, `alice@ba${one}nk.de`, `al${one}ice@bank.de`]) {
    const from = [{ name: 'Alice', address, own: false }]
    const message = { from, replyTo: [], own: false, authentication: 'unknown' as const, isBulk: false }
    const real = address.replace(one, `[U+${code}]`)
    expect(lookalikeOf(message, KNOWN)).toEqual({ kind: 'disguised', shown: 'alice@bank.de', real })
    expect(spelled(address)).toBe(real)
    expect(imitationOf({ name: '', address }, KNOWN)).not.toBeNull()
  }
})

test.each(['"john smith"@bank.de', 'mu\u0308ller@bank.de', 'müller@bank.de', 'نام\u200cها@bank.de', 'สวัสดี@bank.de'])(
  '%s is an address as people have it',
  (address) => {
    expect([isUnseenIn(address), spelled(address)]).toEqual([false, address.normalize('NFC')])
  }
)

test('of a long address both ends are shown, and of its domain the end', () => {
  const shown = spelled(`service@paypal.com${'x'.repeat(9_000)}@${'y.'.repeat(9_000)}evil.example`)
  expect(shown.length).toBeLessThan(330)
  expect(shown).toMatch(/^service@paypal\.com.*…x+@y.*…[y.]*evil\.example$/)
})
