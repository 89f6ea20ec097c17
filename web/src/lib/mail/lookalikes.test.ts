import { lookalikeOf, lookalikesOf, worstOf, type Judged } from './lookalikes.ts'
import type { KnownSender } from './senders.ts'
import { keyOf } from './warnings.ts'
import { describe, expect, test } from 'vitest'

const known = (address: string, name: string, wrote = true): KnownSender => ({ address, name, wrote, day: 20_000 })

/** Whom the person knows. */
const KNOWN = [
  known('mara@papierwerk.de', 'Mara Lindqvist'),
  known('jonas.weber@birkenau-spedition.de', 'Jonas Weber'),
  known('anna.berg@northwind.co.uk', 'Anna Berg'),
  known('deniz@kaya.de', 'Deniz Kaya'),
  known('li.wei@gmail.com', 'Li Wei'),
  known('priya@gmail.com', 'Priya Raman'),
  known('service@paypal.com', 'PayPal', false),
  known('rechnung@stadtwerke-birkenau.de', 'Stadtwerke Birkenau', false),
  known('noreply@github.com', 'GitHub', false),
  known('info@hotel-krone.ch', 'Hotel Krone', false),
  known('kontakt@modern-living.com', 'Modern Living', false),
  known('weekly@ledger.example.net', 'Harbour Ledger', false),
  known('a@dhl.de', 'DHL', false),
  known('i.mueller@web.de', 'Ingo Müller'),
  known('martin@thomas.example', 'Martin Thomas'),
  known('service@booking.com', 'Booking.com')
]

type Case = readonly [from: string, name: string, more?: Partial<Judged>]

/** As a table of vitest, whose rows have the same length. */
const rows = (cases: readonly Case[]): [string, string, Partial<Judged>][] =>
  cases.map(([address, name, more = {}]) => [address, name, more])

function judged([address, name, more]: Case): Judged {
  const from = [{ name, address, own: false }]
  return { from, replyTo: [], own: false, authentication: 'passed', isBulk: false, ...more }
}
const bulk = { isBulk: true }

const SUSPICIOUS: readonly Case[] = [
  // Whole scripts, mixed scripts, also as the network has them.
  ['service@раураl.com', 'PayPal'],
  ['service@xn--l-7sba6dbr.com', 'PayPal'],
  ['service@pаypal.com', 'PayPal'],
  ['service@paypаl.com', ''],
  ['service@pаypal.com', 'PayPal', bulk],
  ['security@аррӏе.com', 'Apple'],
  ['info@соса.com', 'Coca'],
  ['x@gооgle.com', 'Google'],
  ['x@micrоsoft.com', 'Microsoft'],
  ['x@ηorthwind.co.uk', 'Northwind'],
  ['x@mail.аmazon.de', 'Amazon'],
  ['x@ԁhl.de', 'DHL'],
  ['x@օffice.com', 'Office'],
  // Letters that look alike in Latin, and figures.
  ['service@paypa1.com', 'PayPal'],
  ['service@paypai.com', 'PayPal'],
  ['service@pаypаl.com', 'PayPal'],
  ['service@mail.paypa1.com', 'PayPal', bulk],
  ['mara@papierwerк.de', 'Mara Lindqvist'],
  ['kontakt@modem-living.com', 'Modern Living'],
  ['kontakt@modern-1iving.com', 'Modern Living'],
  ['x@ǥithub.com', 'GitHub'],
  ['noreply@glthub.com', 'GitHub'],
  ['noreply@qithub.com', 'GitHub'],
  ['x@stadtwerke-birkenau.de.stadtwerke-birkenaü.com', 'Stadtwerke'],
  // A slip of the pen, in another country too.
  ['mara@papierwerck.de', 'Mara Lindqvist'],
  ['mara@papirewerk.de', 'Mara'],
  ['mara@papierwek.de', ''],
  ['mara@papierwerk-.de', ''],
  ['mara@papierwerck.com', 'Mara Lindqvist'],
  ['jonas@birkenau-speditoin.de', 'Jonas Weber'],
  ['jonas@birkenau-spediton.de', 'J. Weber'],
  ['jonas@birkneau-spedition.de', ''],
  ['anna.berg@northwlnd.co.uk', 'Anna Berg'],
  ['anna.berg@nortwhind.co.uk', 'Anna Berg'],
  ['anna.berg@northvvind.co.uk', 'Anna Berg'],
  ['rechnung@stadtwerke-birkenauu.de', 'Stadtwerke Birkenau'],
  ['rechnung@stadtwerk-birkenau.de', 'Stadtwerke Birkenau'],
  ['rechnung@stadtwerke-brikenau.com', 'Stadtwerke'],
  ['weekly@1edger.example.net', 'Harbour Ledger'],
  // The name of a person whom one writes to, with an address that does not bear it.
  ['ceo.office771@gmail.com', 'Mara Lindqvist'],
  ['finance.dept@outlook.com', 'Anna Berg'],
  ['x19@mail.ru', 'Jonas Weber'],
  ['private@proton.me', 'Deniz Kaya'],
  ['urgent@ceo-mail.com', 'Mara  Lindqvist'],
  ['urgent@ceo-mail.com', 'Mara Lindqvіst'],
  ['urgent@ceo-mail.com', 'Маra Lindqvist'],
  ['payments@gmail.com', 'Priya Raman'],
  ['payments@gmail.com', 'Lindqvist, Mara'],
  ['payments@gmail.com', "'Mara Lindqvist'"],
  ['payments@gmail.com', 'Mara.Lindqvist'],
  // The address itself, at a provider where everybody may have one.
  ['ll.wei@gmail.com', 'Li Wei'],
  ['noreply@ceo-mail.com', 'Mara Lindqvist', { authentication: 'unknown' }],
  ['mara.lindqvist@ceo-mail.com', 'Mara Lindqvist', { authentication: 'failed' }]
]

const HARMLESS: readonly Case[] = [
  // Relatives, other people, and companies whose names look like one.
  ['l.mueller@web.de', 'Lisa Müller'],
  ['kontakt@kanzlei-tm.example', 'Thomas Martin'],
  ['hotel-123@guest.example', 'Booking.com'],
  // Who is known, in any case of letters, and colleagues and sub-domains.
  ['mara@papierwerk.de', 'Mara Lindqvist'],
  ['Mara@Papierwerk.de', 'M. Lindqvist'],
  ['office@papierwerk.de', 'Papierwerk'],
  ['news@mail.papierwerk.de', 'Papierwerk', bulk],
  ['anna.berg@eu.northwind.co.uk', 'Anna Berg'],
  ['receipts@e.paypal.com', 'PayPal'],
  ['li.wei@gmail.com', 'Li Wei'],
  ['somebody@gmail.com', 'Tom Fox'],
  ['notifications@github.com', 'Anna Berg'],
  ['rechnung@kunden.stadtwerke-birkenau.de', 'Stadtwerke Birkenau'],
  // The same organisation in another country.
  ['service@paypal.de', 'PayPal'],
  ['mara@papierwerk.com', 'Mara Lindqvist', bulk],
  ['hello@hotel-krone.at', 'Hotel Krone'],
  ['x@dhl.com', 'DHL'],
  // Names that are near by chance: short ones, plurals, figures, providers.
  ['x@dpd.de', 'DPD'],
  ['x@gmx.de', 'Tom'],
  ['x@mail.com', 'Tom'],
  ['x@ymail.de', 'Tom'],
  ['x@kaja.de', 'Kaja'],
  ['info@hotel-kronen.ch', 'Hotel Kronen'],
  ['x@paper.de', 'Paper'],
  ['x@ledgers.example.net', 'Ledgers'],
  ['x@web24.de', 'Web 24'],
  ['x@papierwelt.de', 'Papierwelt'],
  ['x@papierfabrik.de', 'Papierfabrik'],
  ['x@nordwind.de', 'Nordwind e.V.'],
  ['x@gitlab.com', 'GitLab'],
  ['x@stadtwerke-bremen.de', 'Stadtwerke Bremen'],
  ['x@stadtwerke-birkenfeld.de', 'Stadtwerke Birkenfeld'],
  ['x@birkenau-apotheke.de', 'Apotheke'],
  // Letters of other countries, where they belong.
  ['info@bücher.de', 'Bücher'],
  ['info@xn--bcher-kva.de', 'Bücher'],
  ['x@müller-straße.de', 'Müller'],
  ['x@пример.рф', 'Пример'],
  ['x@яндекс.рф', 'Яндекс'],
  ['x@почта.com', 'Почта'],
  ['x@ελληνικά.gr', 'Ελληνικά'],
  ['x@例え.jp', '例え'],
  ['x@日本shop.jp', '日本'],
  ['x@ñandú.es', 'Ñandú'],
  ['x@שלום.co.il', 'שלום'],
  ['x@łódź.pl', 'Łódź'],
  // Services and lists that write in somebody's name.
  ['notifications@gitforge.com', 'Anna Berg'],
  ['messages-noreply@linkedin.com', 'Jonas Weber'],
  ['drive-shares-dm-noreply@google.com', 'Mara Lindqvist (via Google Docs)'],
  ['dev@lists.example.org', 'Anna Berg', bulk],
  ['dev@lists.example.org', 'Anna Berg via dev', bulk],
  ['team@mailer.example.com', 'Deniz Kaya', bulk],
  // Names that many have.
  ['info@otherhotel.com', 'Hotel Krone'],
  ['x@shop.com', 'Support'],
  ['support@shop.com', 'Mara'],
  ['x@stadtwerke-portal.de', 'Stadtwerke Birkenau', bulk],
  ['x@anything.com', ''],
  ['', ''],
  ['no-address', 'Mara Lindqvist']
]

test.each(rows(SUSPICIOUS))('%s with the name "%s" is an alarm', (address, name, more) => {
  const found = lookalikeOf(judged([address, name, more]), KNOWN)
  expect(found?.kind).toMatch(/^(disguised|nearMiss|namesake)$/)
})

test.each(rows(HARMLESS))('%s with the name "%s" is none', (address, name, more) => {
  expect(lookalikeOf(judged([address, name, more]), KNOWN)).toBeNull()
})

test('an address at a provider that is read as a known one is told as such, if it bears the same name or none', () => {
  for (const name of ['Li Wei', ''])
    expect(lookalikeOf(judged(['ll.wei@gmail.com', name]), KNOWN)).toMatchObject({
      kind: 'nearMiss',
      known: 'li.wei@gmail.com'
    })
})

test.each([
  ['anna.berg@gmail.com', 'Anna Berg'],
  ['bergan@web.de', 'Anna Berg'],
  ['mara.lindqvist@uni.se', 'Mara Lindqvist'],
  ['jweber77@t-online.de', 'Jonas Weber'],
  ['deniz@home.net', 'Deniz Kaya'],
  ['priya.raman@work.com', 'Priya Raman']
])('a second address that bears the name of a known person is worth a word: %s', (address, name) => {
  expect(lookalikeOf(judged([address, name]), KNOWN)?.kind).toBe('newAddress')
})

test('who knows nobody is warned of disguise alone', () => {
  const found = SUSPICIOUS.map((one) => lookalikeOf(judged(one), [])?.kind ?? null)
  expect(new Set(found)).toEqual(new Set(['disguised', null]))
})

describe('a reply that goes elsewhere', () => {
  const replying = (address: string, more: Partial<Judged> = {}): Judged =>
    judged(['x@y.example', 'X', { replyTo: [{ name: '', address, own: false }], authentication: 'unknown', ...more }])
  const kinds = (message: Judged): string[] => lookalikesOf(message, KNOWN).map(({ kind }) => kind)

  test('is suspicious', () => {
    expect(kinds(replying('x@evil.example'))).toEqual(['replyElsewhere'])
    expect(kinds(replying('weekly@ledger.example.net'))).toEqual(['replyElsewhere'])
  })

  test('is none if the sender was confirmed, or the person wrote there before', () => {
    expect(kinds(replying('x@evil.example', { authentication: 'passed' }))).toEqual([])
    expect(kinds(replying('Priya@gmail.com'))).toEqual([])
  })

  test('is known whoever writes, as the members of a list do', () => {
    const to = { kind: 'replyElsewhere', to: 'list@example.net' } as const
    expect(keyOf({ ...to, from: 'a@b.example' })).toBe(keyOf({ ...to, from: 'c@d.example' }))
    expect(keyOf({ ...to, from: 'a@b.example' })).not.toBe(keyOf({ ...to, from: 'a@b.example', to: 'x@evil.example' }))
  })
})

test('what is worth a word hides nothing that speaks against the message', () => {
  const word = { kind: 'newAddress', name: 'Anna', known: 'a@b.example', now: 'anna@evil.example' } as const
  const link = { kind: 'linkElsewhere', shown: 'bank.de', target: 'https://evil.example' } as const
  expect(worstOf([word, null, link], () => false)).toBe(link)
  expect(worstOf([word, link], ({ kind }) => kind === 'newAddress')).toBe(link)
  expect(worstOf([word, link], ({ kind }) => kind === 'linkElsewhere')).toBe(word)
  expect(worstOf([null], () => false)).toBeNull()
})
