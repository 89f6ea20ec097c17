import { describe, expect, test } from 'vitest'
import { timesAsLong } from '../../../tests/processor-time.ts'
import { leadsElsewhere, ownPlaces, seemsElsewhere } from './link-targets.ts'

const EVIL = 'https://evil.example/login'
const BANK = 'https://bank.de/x'
const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** How each server that checks links writes the place to which it passes on: by its own documentation. */
const CHECKERS: readonly (readonly [name: string, write: (target: string) => string])[] = [
  ['Safe Links', (to) => `https://eur01.safelinks.protection.outlook.com/?url=${encodeURIComponent(to)}&data=05`],
  ['URL Defense 1', (to) => `https://urldefense.proofpoint.com/v1/url?u=${encodeURIComponent(to)}&k=x`],
  ['URL Defense 2', (to) => `https://urldefense.proofpoint.com/v2/url?u=${encodeURIComponent(to).replaceAll('%', '-').replaceAll('-2F', '_')}&d=DwM`],
  ['URL Defense 3', (to) => `https://urldefense.com/v3/__${to}__;!!abc$`],
  ['URL Defense 3, cut', (to) => `https://urldefense.com/v3/__${to.replace('//', '/')}__;!!abc$`],
  ['Barracuda', (to) => `https://linkprotect.cudasvc.com/url?a=${encodeURIComponent(to)}&c=E,1`],
  ['Sophos', (to) => `https://eu-central-1.protection.sophos.com/?d=x.example&u=${base64(to)}&i=1`],
  ['Mimecast', (to) => `https://url.uk.m.mimecastprotect.com/s/abc?domain=${new URL(to).hostname}`],
  ['Google', (to) => `https://www.google.com/url?q=${encodeURIComponent(to)}&sa=D`]
] // prettier-ignore

describe('a server that checks links', () => {
  test.each(CHECKERS)('is passed through: %s', (_, write) => {
    expect(leadsElsewhere('https://bank.de', write(BANK))).toBe(false)
    expect(leadsElsewhere('https://bank.de', write(EVIL))).toBe(true)
  })

  test.each(CHECKERS)('tells the place in its own parameter alone, and once: %s', (_, write) => {
    const evil = write(EVIL)
    const more = evil.includes('?') ? '&' : '?'
    for (const name of ['u', 'url', 'a', 'q', 'd', 'domain', 'data', 'x', 'target', 'redirect'])
      for (const value of ['bank.de', BANK, encodeURIComponent(BANK), base64(BANK)])
        expect(leadsElsewhere('https://bank.de', `${evil}${more}${name}=${value}`), `${name}=${value}`).toBe(true)
    expect(leadsElsewhere('https://bank.de', `${evil}#__${BANK}__`)).toBe(true)
  })

  test.each([
    'https://eur01.safelinks.protection.outlook.com/?url=',
    'https://urldefense.com/v3/____',
    'https://eu.protection.sophos.com/?u=%%%',
    'https://safelinks.protection.outlook.com.evil.example/?url=https://bank.de',
    'https://evil.example/?url=https://bank.de',
    'https://evilsafelinks.protection.outlook.com.example/?url=https://bank.de'
  ])('is none, or says nothing: %s', (href) => {
    expect(leadsElsewhere('https://bank.de', href)).toBe(true)
  })
})

test.each([
  ['www.paypal.com', EVIL],
  ['paypal.com', EVIL],
  ['https://paypal.com/login', 'https://paypal.com.evil.example/login'],
  ['https://bank.de', 'http://bank.de@evil.ru/'],
  ['HTTPS://BANK.DE/', 'https://bank.com/'],
  [' https://bank.de ', 'https://evil.ru/?bank.de'],
  ['https://раураl.com', 'https://paypal.com/'],
  ['security@paypal.com', 'mailto:evil@evil.example'],
  ['security@paypal.com', 'mailto:security@paypal.com,evil@evil.example'],
  ['security@paypal.com', 'mailto:security@paypal.com?cc=evil@evil.example'],
  ['security@paypal.com', 'mailto:?to=evil@evil.example'],
  ['mailto:security@paypal.com', 'mailto:evil@evil.example'],
  ['anna@gmail.com', 'mailto:anne@gmail.com'],
  ['security@paypal.com', EVIL],
  ['→ paypal.com →', EVIL],
  ['[paypal.com]', EVIL],
  ['paypal.com »', EVIL],
  ['https:⁄⁄paypal.com', EVIL],
  ['https:∕∕paypal.com', EVIL],
  ['https:⧸⧸paypal.com', EVIL],
  ['https꞉//paypal.com', EVIL],
  ['httpsː〳〳paypal.com', EVIL],
  ['httрѕ:⁄⁄paypal.com', EVIL],
  ['paypal.com꞉443', EVIL],
  ['www.paypal.com⁄x.pdf', EVIL],
  ['httрs://paypal.com', EVIL],
  ['paypal．com', EVIL],
  ['paypal․com', EVIL],
  ['www.paypal.com.', EVIL],
  ['paypal.com.', EVIL],
  ['https://paypal.py', EVIL],
  ['https://paypal·com', EVIL],
  ['www·paypal·com', EVIL],
  ['www\ua4f8paypal\ua4f8com', EVIL],
  ['paypal\u0701com', EVIL],
  ['https:/\u0338/paypal.com', EVIL],
  ['p\u0332a\u0332y\u0332p\u0332a\u0332l\u0332.\u0332c\u0332o\u0332m\u0332', EVIL],
  ['paypal\u2800.com', EVIL],
  ['https:/\u{1d159}/paypal.com', EVIL],
  ['paypal\u200a.com', EVIL],
  ['h t t p s : / / p a y p a l . c o m', EVIL],
  ['https: //paypal .com', EVIL],
  ['https:// paypal.com', EVIL],
  ['https:/|/paypal.com', EVIL],
  ['paypal|.com', EVIL],
  ['(x)paypal.com', EVIL],
  ['https://pаypal.com', 'https://xn--pypal-4ve.com/']
])('%s that opens %s leads elsewhere', (text, href) => {
  expect(leadsElsewhere(text, href)).toBe(true)
})

test.each([
  ['Log in', EVIL],
  ['paypal.com', 'https://www.paypal.com/de'],
  ['www.shop.co.uk', 'https://click.shop.co.uk/x'],
  ['Invoice.pdf', EVIL],
  ['e.g. this', EVIL],
  ['bank.de', 'mailto:x@evil.example'],
  ['Version 2.0', EVIL],
  ['security@paypal.com', 'mailto:security@paypal.com'],
  ['Security@PayPal.com', 'mailto:security@paypal.com?subject=x'],
  ['mailto:security@paypal.com?subject=x', 'mailto:security@paypal.com?subject=x'],
  ['sales@shop.de', 'mailto:sales@mail.shop.de'],
  ['sales@shop.de', 'https://www.shop.de/contact'],
  ['Write to us', 'mailto:x@evil.example'],
  ['@ann.bsky.social', 'https://bsky.app/profile/x'],
  ['M.Sc.', EVIL],
  ['→ https://bank.de is down', EVIL],
  ['1. https://bank.de is down', EVIL],
  ['HTTP сервер.рф', EVIL],
  ['HTTP (and HTTPS) in .NET', EVIL],
  ['https://bank.de/ä⁄b', 'https://bank.de/x'],
  ['Home·Shop', EVIL],
  ['Microsoft .NET', EVIL],
  ['Photo.jpg', EVIL],
  ['$1.5Mio', EVIL],
  ['https://bank.de is down', 'https://bank.de/status'],
  ['https://bücher.de', 'https://xn--bcher-kva.de/'],
  ['https://สวัสดี.com', 'https://xn--l3c8bcvc4h.com/']
])('%s that opens %s does not', (text, href) => {
  expect(leadsElsewhere(text, href)).toBe(false)
})

test.each(['a:', 'a b ', 'http', 'https://·'])('a megabyte of links with long texts of %j takes no time', (part) => {
  const text = part.repeat(500 / part.length)
  expect(
    timesAsLong(() => {
      for (let link = 0; link < 2_000; link += 1) leadsElsewhere(text, EVIL)
    })
  ).toBeLessThan(80)
})

/** What is seen in a link comes in lines. */
test.each([
  ['https://paypal.com', EVIL],
  ['Dear customer\nhttps://paypal.com', EVIL],
  ['https://pay-\npal.com', EVIL],
  ['https://pay\npal.com', EVIL],
  ['h\nt\nt\np\ns\n:\n/\n/\np\na\ny\np\na\nl\n.\nc\no\nm', EVIL],
  ['Log in at https://paypal.com now', EVIL],
  ['(www.paypal.com) safe', EVIL],
  ['Log in at https://pay\npal.com now', EVIL],
  [`${'. '.repeat(2_500)}https://paypal.com`, EVIL],
  [`${'.'.repeat(2_500)}https://paypal.com`, EVIL],
  ['Mail: security@paypal.com', 'mailto:x@evil.example'],
  ['PayPal <security@paypal.com>', 'mailto:x@evil.example'],
  ['security @ paypal.com', 'mailto:x@evil.example']
])('what is seen, %j, is compared with %s', (seen, href) => {
  expect(seemsElsewhere(seen, href)).toBe(true)
})

test.each([
  ['Log in', EVIL],
  ['Shop\nwww.shop.de', 'https://click.shop.de/x'],
  ['Read more at bank.de', EVIL],
  ['Invoice.pdf\n120 KB', EVIL],
  ['', EVIL],
  ['Version 2.0', EVIL],
  ['https://bank.de returns 500', 'https://bank.de/status'],
  ['bank.de\nOffers', 'https://click.bank.de/x'],
  ['Log in at https://bank.d\ne/x now', 'https://click.bank.de/x'],
  ['Mail: anna@bank.de', 'mailto:anna@bank.de'],
  ['Write to anna@bank.de', 'https://bank.de/contact']
])('what is seen, %j, says nothing against %s', (seen, href) => {
  expect(seemsElsewhere(seen, href)).toBe(false)
})

describe('the place of the sender', () => {
  const TRACKER = 'https://click.tracker.example/x'
  const by = (address: string, authentication: 'passed' | 'unknown' | 'failed' = 'passed') =>
    ownPlaces({ from: [{ name: '', address, own: false }], authentication })

  test('may be named by a link that counts who opens it', () => {
    const own = by('news@mail.shop.de')
    expect(seemsElsewhere('Shop\nwww.shop.de', TRACKER, own)).toBe(false)
    expect(leadsElsewhere('https://shop.de', TRACKER, own)).toBe(false)
    expect(seemsElsewhere('https://bank.de', TRACKER, own)).toBe(true)
  })

  test('is known only if the sender was confirmed, and is of one organisation', () => {
    expect([by('news@shop.de', 'unknown'), by('news@shop.de', 'failed'), by('anna@gmail.com')]).toEqual([[], [], []])
    expect(seemsElsewhere('https://аpple.com', TRACKER, by('x@xn--pple-43d.com'))).toBe(true)
  })
})
