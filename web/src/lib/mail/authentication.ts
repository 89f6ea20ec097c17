/** What our own mail server found about the sender of a message (RFC 8601). */
import { domainOf } from './address.ts'

/** `unknown`: it said nothing. */
export type Authentication = 'passed' | 'failed' | 'unknown'

interface Result {
  method: string
  result: string
  properties: Record<string, string>
}

/**
 * `headers` are the Authentication-Results of a message from top to bottom. Only the topmost one counts, if our own
 * server signed it: a stranger may write any header into his message, but not above what our server added (RFC 8601 §5,
 * §7.1). Where another server's stands on top, ours below it may be forged: Stalwart removes none.
 * `authservId` is the name by which our server signs them; without it nothing is known.
 */
export function authenticationOf(headers: readonly string[], authservId: string | null, from: string): Authentication {
  const own = ours(headers, authservId)
  const domain = domainOf(from)
  if (!own || domain === '') {
    return 'unknown'
  }
  const dmarc = own.results.filter(({ method }) => method === 'dmarc')
  const about = dmarc.filter(({ properties }) => (properties['header.from'] ?? domain) === domain)
  if (about.some(({ result }) => result === 'fail')) return 'failed'
  if (dmarc.some(({ result }) => result === 'pass' || result === 'fail')) {
    // Some servers copy the name that the sending host gives itself into the header. One of several results may come from there.
    return about.length === dmarc.length && about.every(({ result }) => result === 'pass') ? 'passed' : 'unknown'
  }
  // A domain without a DMARC policy: confirmed if a signature or the sending host speaks for that very domain.
  const confirmed = own.results.some(
    ({ method, result, properties }) =>
      result === 'pass' &&
      ((method === 'dkim' && domainSigned(properties) === domain) ||
        (method === 'spf' && domainOf(properties['smtp.mailfrom'] ?? '') === domain))
  )
  return confirmed ? 'passed' : 'unknown'
}

/**
 * Of a message by several senders (RFC 5322 §3.6.2): failed if it failed for one of them; confirmed only if all are of the one
 * domain that was checked, since a result that names no domain speaks for none of several.
 */
export function authenticationOfAll(
  headers: readonly string[],
  authservId: string | null,
  from: readonly string[]
): Authentication {
  const found = from.map((address) => authenticationOf(headers, authservId, address))
  if (found.includes('failed')) return 'failed'
  return new Set(from.map(domainOf)).size === 1 ? (found[0] ?? 'unknown') : 'unknown'
}

/** Stalwart names the identity of a signature in place of its domain, where it has one. */
export function domainSigned(properties: Result['properties']): string {
  return properties['header.d'] ?? domainOf(properties['header.i'] ?? '')
}

/** What our own server found, if it stands on top. */
export function ours(headers: readonly string[], authservId: string | null): ReturnType<typeof parsed> | undefined {
  const first = headers[0]
  const top = first === undefined ? undefined : parsed(first)
  return top?.id === authservId?.toLowerCase() ? top : undefined
}

function parsed(header: string): { id: string; results: Result[] } {
  const { text, isDoubtful } = withoutComments(header)
  const [head = '', ...parts] = text.split(';')
  const results = parts.map(resultOf).filter(({ result }) => !isDoubtful || result === 'fail')
  return { id: head.trim().split(/\s+/)[0]?.toLowerCase() ?? '', results }
}

function resultOf(part: string): Result {
  const [first = '', ...rest] = part.trim().split(/\s+/)
  const [method = '', result = ''] = first.toLowerCase().split('=')
  const pairs = rest.map((pair): [string, string] => {
    const at = pair.indexOf('=')
    return [
      pair.slice(0, at).toLowerCase(),
      pair
        .slice(at + 1)
        .replaceAll('"', '')
        .toLowerCase()
    ]
  })
  // RFC 8601 §2.2: `dkim/1=pass` names the method's version.
  return { method: method.split('/')[0] ?? '', result, properties: Object.fromEntries(pairs) }
}

/**
 * RFC 5322 §3.2.2: comments nest. Quoted text is no comment, and a semicolon in it separates nothing. `isDoubtful`: a comment
 * holds a quotation mark. Some servers copy the envelope sender there (`"x) ; dmarc=pass"@evil.test`), so only failures count.
 */
function withoutComments(header: string): { text: string; isDoubtful: boolean } {
  let depth = 0
  let quoted = false
  let isDoubtful = false
  let text = ''
  for (let at = 0; at < header.length; at += 1) {
    const char = header.charAt(at)
    if (char === '\\') {
      at += 1
    } else if (char === '"') {
      if (depth > 0) isDoubtful = true
      else quoted = !quoted
    } else if (char === '(' && !quoted) {
      depth += 1
    } else if (char === ')' && !quoted) {
      depth = Math.max(0, depth - 1)
    } else if (depth === 0 && !(quoted && (char === ';' || char === ' '))) {
      text += char
    }
  }
  return { text, isDoubtful }
}
