/** Keywords of labels (RFC 8621 §4.1.1): made of a name, valid in IMAP, and none that means something else. */

import { fnv } from './fnv.ts'
import { isOfLabel } from './label.ts'

/**
 * A keyword for a name. It holds a–z, 0–9 and hyphens only: in IMAP it is an atom, and in the path of a patch (RFC 6901)
 * nothing of it has to be escaped. The same name gives the same keyword, so that two devices make one label.
 */
export function keywordOf(name: string, taken: readonly string[]): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll(/\p{Mark}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 100)
  // No letter is left of a name in another script.
  const base = plain === '' ? `label-${fnv(name).toString(36)}` : plain
  let keyword = isOfLabel(base) ? base : `label-${base}`
  for (let number = 2; taken.includes(keyword); number += 1) {
    keyword = `${base}-${number}`
  }
  return keyword
}
