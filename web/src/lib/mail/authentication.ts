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
  const all = own.results.filter(({ method }) => method === 'dmarc')
  // Some servers copy the name that the sending host gives itself into the header. One of several results may come from there.
  const dmarc = all.find(({ result }) => result === 'fail') ?? all[0]
  if (all.length > 1 && dmarc?.result !== 'fail') return 'unknown'
  if (dmarc?.result === 'pass' || dmarc?.result === 'fail') {
    const about = dmarc.properties['header.from']
    return about !== undefined && about !== domain ? 'unknown' : dmarc.result === 'pass' ? 'passed' : 'failed'
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
 * The domain whose signature our server verified (RFC 6376), that of the sender if there are several; null for none. Any
 * domain can sign: it says who answers for the message, not that the sender is who they say.
 */
export function signedBy(headers: readonly string[], authservId: string | null, from: string): string | null {
  const signed = (ours(headers, authservId)?.results ?? [])
    .filter(({ method, result }) => method === 'dkim' && result === 'pass')
    .flatMap(({ properties }) => domainSigned(properties) || [])
  return signed.find((domain) => domain === domainOf(from)) ?? signed[0] ?? null
}

/** Stalwart names the identity of a signature in place of its domain, where it has one. */
function domainSigned(properties: Result['properties']): string {
  return properties['header.d'] ?? domainOf(properties['header.i'] ?? '')
}

function ours(headers: readonly string[], authservId: string | null): ReturnType<typeof parsed> | undefined {
  const first = headers[0]
  const top = first === undefined ? undefined : parsed(first)
  return top?.id === authservId?.toLowerCase() ? top : undefined
}

function parsed(header: string): { id: string; results: Result[] } {
  const [head = '', ...parts] = withoutComments(header).split(';')
  return { id: head.trim().split(/\s+/)[0]?.toLowerCase() ?? '', results: parts.map(resultOf) }
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
 * RFC 5322 §3.2.2: comments nest. Quoted text is no comment, and a semicolon in it separates nothing. If a comment holds a
 * quotation mark, the result is empty: some servers copy the envelope sender there (`"x) ; dmarc=pass"@evil.test`).
 */
function withoutComments(header: string): string {
  let depth = 0
  let quoted = false
  let text = ''
  for (let at = 0; at < header.length; at += 1) {
    const char = header.charAt(at)
    if (char === '\\') {
      at += 1
    } else if (char === '"') {
      if (depth > 0) return ''
      quoted = !quoted
    } else if (char === '(' && !quoted) {
      depth += 1
    } else if (char === ')' && !quoted) {
      depth = Math.max(0, depth - 1)
    } else if (depth === 0 && !(quoted && (char === ';' || char === ' '))) {
      text += char
    }
  }
  return text
}
