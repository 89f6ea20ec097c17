import { describe, expect, test } from 'vitest'
import { authenticationOf } from './authentication.ts'
import { signedBy } from './signed-by.ts'

const OURS = 'mail.example.org'

function found(...headers: string[]): string {
  return authenticationOf(headers, OURS, 'ann@example.net')
}

describe('what our server found', () => {
  test.each([
    [
      'passed',
      ' mail.example.org; dkim=pass header.d=example.net; spf=pass smtp.mailfrom=a@example.net; dmarc=pass header.from=example.net policy.dmarc=none'
    ],
    ['failed', 'mail.example.org 1; dmarc=fail header.from=example.net'],
    ['passed', 'MAIL.EXAMPLE.ORG; dkim=pass header.d=example.net header.s=x; dmarc=none header.from=example.net'],
    ['passed', 'mail.example.org; spf=pass (sender is authorised; really) smtp.mailfrom=bounce@example.net'],
    ['unknown', 'mail.example.org; dkim=pass header.d=evil.test; spf=pass smtp.mailfrom=x@evil.test'],
    ['unknown', 'mail.example.org; dmarc=pass header.from=evil.test'],
    ['unknown', 'mail.example.org; none'],
    ['unknown', '']
  ])('%s: %s', (result, header) => {
    expect(found(header)).toBe(result)
  })
})

describe('what a stranger wrote does not count', () => {
  test('under another name', () => {
    expect(found('mx.evil.test; dmarc=pass header.from=example.net')).toBe('unknown')
    expect(found('mail.example.org.evil.test; dmarc=pass header.from=example.net')).toBe('unknown')
  })

  test('under our name, below what our server wrote', () => {
    const ours = 'mail.example.org; dmarc=fail header.from=example.net'
    expect(found(ours, 'mail.example.org; dmarc=pass header.from=example.net')).toBe('failed')
  })

  test('in a comment or between quotes', () => {
    expect(found('mail.example.org (; dmarc=pass header.from=example.net); dmarc=fail header.from=example.net')).toBe(
      'failed'
    )
    expect(found('mail.example.org; spf=none reason="; dmarc=pass header.from=example.net"')).toBe('unknown')
  })

  test('in the envelope, which some servers write into their header as it came', () => {
    for (const forged of ['dmarc=pass header.from=example.net', 'dkim=pass header.d=example.net']) {
      const sender = `"x); ${forged} (y"@evil.test`
      const spf = `spf=pass (${OURS}: domain of ${sender} designates 192.0.2.1) smtp.mailfrom=${sender}`
      expect(found(`${OURS}; ${spf}; dmarc=none header.from=example.net`)).toBe('unknown')
      expect(signedBy([`${OURS}; ${spf}`], OURS, 'ann@example.net')).toBeNull()
    }
    // One quotation mark in each of two comments: what stands between them would count as quoted.
    const halves = `spf=none (helo "a) smtp.helo=evil.test; spf=pass (from b"); dmarc=pass header.from=example.net (c)`
    expect(found(`${OURS}; ${halves}; dmarc=none header.from=example.net`)).toBe('unknown')
    expect(
      signedBy([`${OURS}; spf=none (a"b); spf=pass (c"d); dkim=pass header.d=example.net (e)`], OURS, 'ann@example.net')
    ).toBeNull()
    const host = 'x.evil.test);dmarc=pass;(y'
    const helo = `spf=none (${OURS}: no SPF records found for postmaster@${host}) smtp.helo=evil.test`
    expect(found(`${OURS}; ${helo}; dmarc=fail header.from=example.net`)).toBe('failed')
    expect(found(`${OURS}; ${helo}; dmarc=none header.from=example.net`)).toBe('unknown')
  })

  test('in the envelope takes no failure away', () => {
    const spf = `spf=pass (${OURS}: domain of "x"@evil.test designates 192.0.2.1) smtp.mailfrom="x"@evil.test`
    expect(found(`${OURS}; ${spf}; dmarc=fail header.from=example.net policy.dmarc=reject`)).toBe('failed')
    expect(found(`${OURS}; dmarc=pass header.from=example.net; dmarc=pass header.from=example.net`)).toBe('passed')
  })

  test('while nobody told us our name', () => {
    expect(authenticationOf(['null; dmarc=pass header.from=example.net'], null, 'ann@example.net')).toBe('unknown')
  })
})

describe('a message is signed', () => {
  const signed = `${OURS}; dkim=pass header.d=lists.example.com; dkim=pass header.d=example.net; dkim=fail header.d=bad.example`

  test('by the domain of its sender, if that is among the verified ones, else by the first of them', () => {
    expect(signedBy([signed], OURS, 'ann@example.net')).toBe('example.net')
    expect(signedBy([signed], OURS, 'ann@example.org')).toBe('lists.example.com')
  })

  test('by nobody, if only its sender says so, or the signature failed', () => {
    expect(signedBy(['other.example; dkim=pass header.d=example.net'], OURS, 'ann@example.net')).toBeNull()
    expect(signedBy([`${OURS}; dkim=fail header.d=example.net`], OURS, 'ann@example.net')).toBeNull()
    expect(signedBy([signed], null, 'ann@example.net')).toBeNull()
  })
})

test('our own results below those of another server may be forged', () => {
  const ours = 'mx.example.org; dmarc=pass header.from=bank.example'
  expect(authenticationOf([ours], 'mx.example.org', 'a@bank.example')).toBe('passed')
  expect(authenticationOf(['localhost; none', ours], 'mx.example.org', 'a@bank.example')).toBe('unknown')
})

test('a signature may be named by its identity', () => {
  const results = ['mx.example.org; dkim=pass header.i=@bank.example header.s=x header.b=YWJj']
  expect(signedBy(results, 'mx.example.org', 'a@bank.example')).toBe('bank.example')
  expect(authenticationOf(results, 'mx.example.org', 'a@bank.example')).toBe('passed')
})
