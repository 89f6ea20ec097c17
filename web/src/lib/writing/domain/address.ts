/**
 * What is an address of mail: RFC 5321 §4.1.2 (Mailbox), with letters of all scripts (RFC 6531 §3.3).
 *
 * A domain without a dot is none, although the grammar allows it: RFC 5321 §2.3.5 wants a fully qualified domain, no
 * top-level domain takes mail (RFC 7085), and "mara@example" is a name that was not finished.
 */

const ATOM = String.raw`[\p{L}\p{M}\p{N}!#$%&'*+\-/=?^_\x60{|}~\u200c\u200d\p{Extended_Pictographic}]+`
const DOTTED = new RegExp(String.raw`^${ATOM}(?:\.${ATOM})*$`, 'u')
/** No control characters, and no invisible ones that would make one address look like another. */
const QUOTED = /^"(?:[^"\\\p{C}\u2028\u2029]|\\[\x20-\x7e])*"$/u
const LABEL = /^[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}\u200c\u200d\u00b7\u30fb_-]*[\p{L}\p{M}\p{N}])?$/u
const IPV4 = /^\[(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!\])|\])){4}$/
const IPV6 = /^\[IPv6:[0-9a-f:.]{2,45}\]$/i

/** RFC 5321 §4.5.3.1.1 and §4.5.3.1.2, in octets */
const MOST_LOCAL = 64
const MOST_DOMAIN = 255
/** RFC 1035 §2.3.4 */
const MOST_LABEL = 63

export function isAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  const isLocal = octets(local) <= MOST_LOCAL && (DOTTED.test(local) || QUOTED.test(local))
  return at > 0 && isLocal && isDomain(text.slice(at + 1))
}

function isDomain(text: string): boolean {
  if (text.startsWith('[')) {
    return IPV4.test(text) || IPV6.test(text)
  }
  const labels = text.split('.')
  const ascii = asciiDomain(text)
  return labels.length > 1 && labels.every((label) => LABEL.test(label)) && ascii !== null && fits(ascii)
}

function fits(ascii: string): boolean {
  return ascii.length <= MOST_DOMAIN && ascii.split('.').every((label) => label.length <= MOST_LABEL)
}

/** The domain in the letters of DNS (RFC 5890 §2.3.2.1); null if it is none. A mail server need not know others. */
export function asciiDomain(domain: string): string | null {
  if (/^[\x21-\x7e]*$/.test(domain)) {
    return domain
  }
  try {
    return new URL(`http://${domain}/`).hostname || null
  } catch {
    return null
  }
}

/** The address as it stands in the envelope: the domain in ASCII, unless the local part needs SMTPUTF8 anyway (RFC 6531 §3.7.3). */
export function sentAddress(address: string): string {
  const at = address.lastIndexOf('@')
  const domain = asciiDomain(address.slice(at + 1))
  const isAscii = /^[\x20-\x7e]*$/.test(address.slice(0, at))
  return isAscii && domain !== null ? `${address.slice(0, at)}@${domain}` : address
}

/** Two spellings of one address. The local part may tell case apart by RFC 5321 §2.4; no server that people use does. */
export function sameAddress(one: string, other: string): boolean {
  return addressKey(one) === addressKey(other)
}

export function addressKey(address: string): string {
  return sentAddress(address.trim().normalize('NFC')).toLowerCase()
}

function octets(text: string): number {
  return new TextEncoder().encode(text).length
}
