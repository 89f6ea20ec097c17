/** FNV-1a of the octets of a text, 32 bits: it tells texts apart, and resists no forgery. */
export function fnv(text: string): number {
  let hash = 0x811c9dc5
  for (const octet of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ octet, 0x01000193) >>> 0
  }
  return hash
}
