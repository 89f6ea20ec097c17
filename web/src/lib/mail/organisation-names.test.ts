import { lookalikeOf, type Judged } from './lookalikes.ts'
import { keptSenders, knownSenders, learnt, merged, type KnownSender } from './senders.ts'
import { describe, expect, test } from 'vitest'

const NOBODY = (): boolean => false
const seen = (name: string, address: string, day = 1, confirmed = true) => ({
  people: [{ name, address }],
  wrote: false,
  day,
  confirmed
})

/** Who wrote once, was confirmed, and got no answer. */
const MET = [
  seen('Harbour Bank', 'service@harbour-bank.example'),
  seen('PayPal', 'service@paypal.com'),
  seen('Lake Bank', 'lake@lakebank.example'),
  seen('Hill Bank', 'noreply@hb-mail.example'),
  seen('Deutsche Bahn', 'noreply@db.de'),
  seen('Volksbank Köln', 'info@volksbank-koeln.de'),
  seen('Stadtwerke Birkenau', 'rechnung@stadtwerke-birkenau.de'),
  seen('Zalando Team', 'info@mail.zalando.de'),
  seen('Amazon.de', 'bestellung@amazon.de'),
  seen('GitHub', 'noreply@github.com'),
  seen('Facebook', 'notification@facebook.com'),
  seen('Stadtwerke', 'info@stadtwerke-kiel.de'),
  seen('Sparkasse', 'info@sparkasse.de'),
  seen('Anna Berg', 'notifications@github.com'),
  seen('Anna', 'hi@anna.dev'),
  seen('Martin Thomas', 'martin@thomas.example'),
  seen('Support', 'support@shop.example'),
  seen('Newsletter', 'newsletter@shop.example'),
  seen('Tide Bank', 'info@tide-bank.example', 1, false)
]
const KNOWN = learnt(MET, NOBODY)

function found(
  name: string,
  address: string,
  more: Partial<Judged> = {},
  known: readonly KnownSender[] = KNOWN
): string | null {
  const from = [{ name, address, own: false }]
  const message = { from, replyTo: [], own: false, authentication: 'passed' as const, isBulk: false, ...more }
  return lookalikeOf(message, known)?.kind ?? null
}

test.each([
  ['Harbour Bank', 'x@evil.example'],
  ['Harbour Bank', 'service@evil.example', { isBulk: true }],
  ['HARBOUR BANK', 'harbourbank@gmail.com'],
  ['HarbourBank', 'x@evil.example'],
  ['Harbour-Bank Service', 'service@evil.example'],
  ['Harbour Bank Ltd.', 'x@evil.example', { authentication: 'unknown' }],
  ['Hаrbour Bank', 'x@evil.example'],
  ['Harbour\u200b Bank', 'x@evil.example'],
  ['Harbour Bank', 'x@harbour-bank-secure.example'],
  ['PayPal', 'service@evil.example'],
  ['Lake Bank', 'x@evil.example'],
  ['Hill Bank', 'x@evil.example'],
  ['PayPal', 'paypal@gmail.com'],
  ['PayPal Kundenservice', 'service@paypal-login.com'],
  ['Deutsche Bahn', 'noreply@evil.example'],
  ['Volksbank Köln', 'info@evil.example'],
  ['Volksbank Koeln', 'info@evil.example'],
  ['Stadtwerke Birkenau', 'rechnung@stadtwerke-portal.example'],
  ['Zalando', 'info@evil.example'],
  ['Ihr Zalando-Team', 'info@evil.example'],
  ['Amazon', 'x@evil.example']
] satisfies [string, string, Partial<Judged>?][])(
  'the name of an organisation from which confirmed mail came is an alarm from elsewhere: %s, %s',
  (name, address, more: Partial<Judged> = {}) => {
    expect(found(name, address, more)).toBe('namesake')
    expect(found(name, address, more, [])).toBeNull()
  }
)

test.each([
  ['Harbour Bank', 'news@mail.harbour-bank.example'],
  ['PayPal', 'service@paypal.de'],
  ['Amazon', 'x@amazon.co.uk'],
  ['Zalando', 'newsletter@zalando-news.com'],
  ['Facebook', 'notification@facebookmail.com'],
  ['Stadtwerke', 'info@stadtwerke-bonn.de'],
  ['Sparkasse', 'info@berliner-sparkasse.de'],
  ['Volksbank Bonn', 'info@volksbank-bonn.de'],
  ['Anna Berg', 'anna.berg@firma.example'],
  ['Anna Berg', 'messages-noreply@linkedin.com'],
  ['Anna by GitHub', 'notifications@gitforge.com'],
  ['Anna (via GitHub)', 'notifications@gitforge.com'],
  ['GitHub via Users', 'users@lists.example.org', { isBulk: true }],
  ['Anna', 'anna@gmx.de'],
  ['Martin Thomas', 'martin.thomas@gmail.com'],
  ['Support', 'support@other.example'],
  ['Newsletter', 'news@other.example'],
  ['Kundenservice', 'service@other.example'],
  ['Tide Bank', 'x@other.example'],
  ['', 'x@other.example']
] satisfies [string, string, Partial<Judged>?][])('%s by %s is none', (name, address, more: Partial<Judged> = {}) => {
  expect(found(name, address, more)).toBeNull()
})

describe('the names of organisations', () => {
  test('are not learnt from who takes a name that was known before, in the same mail either', () => {
    const mail = [seen('Harbour Bank', 'x@evil.example', 2), seen('Harbour Bank', 'service@harbour-bank.example', 1)]
    expect(learnt(mail, NOBODY).map(({ address }) => address)).toEqual(['service@harbour-bank.example'])
    const isSuspicious = (address: string): boolean => address.includes('evil')
    expect(learnt([seen('Evil', 'info@evil.example')], isSuspicious)).toEqual([])
  })

  test('are kept with those who are known, for all devices', () => {
    const kept = JSON.parse(JSON.stringify(keptSenders(merged(KNOWN, [])))) as unknown
    expect(found('Harbour Bank', 'x@evil.example', {}, knownSenders(kept))).toBe('namesake')
    const again: KnownSender = { address: 'service@harbour-bank.example', name: 'Harbour Bank', wrote: false, day: 9 }
    expect(found('Harbour Bank', 'x@evil.example', {}, merged([again], KNOWN))).toBe('namesake')
  })
})
