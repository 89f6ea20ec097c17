/** Links in the text that a person writes. */

const SCHEMES = ['http:', 'https:', 'mailto:', 'tel:']

/** Where a link leads whose address was typed: "example.org", "ann@example.org" and "+49 30 1234" are enough. Null: nowhere. */
export function linkOf(typed: string): string | null {
  const text = typed.trim()
  if (/^[^\s@/:]+@[^\s@/:]+$/.test(text)) return `mailto:${text}`
  if (/^\+[\d\s()-]{5,}$/.test(text)) return `tel:${text.replaceAll(/[^\d+]/g, '')}`
  if (text === '' || /\s/.test(text)) return null
  const whole = /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text) ? text : `https://${text}`
  const url = URL.canParse(whole) ? new URL(whole) : null
  if (!url || !SCHEMES.includes(url.protocol)) return null
  // A word alone is no host of the web.
  return url.protocol.startsWith('http') && whole !== text && !/\.|^localhost$/.test(url.hostname) ? null : whole
}
