/** How one leaves the mailing list of a message (RFC 2369, RFC 8058). What is taken by one request, the service decides. */

export interface Ways {
  /** the list offers one request for all of it; whether its signature is valid, the service finds out */
  readonly oneClick: boolean
  /** a `mailto:` that asks for it */
  readonly mail: string | null
  /** a page on which one asks for it */
  readonly page: string | null
}

const ONE_CLICK = 'List-Unsubscribe=One-Click'
const MOST = 20
const LONGEST = 4_000

/** `list` and `post` are the raw headers of the message; null where there is nothing that a person could use. */
export function waysOf(list: string, post: string): Ways | null {
  const uris = urisOf(list)
  const mail = uris.find((uri) => /^mailto:[^?]/i.test(uri)) ?? null
  const page = uris.find((uri) => isPage(uri)) ?? null
  if (!mail && !page) return null
  return { oneClick: post.trim() === ONE_CLICK && uris.some((uri) => /^https:/i.test(uri)), mail, page }
}

/** RFC 2369 §2: what stands between angle brackets, without whitespace; comments stand between them only. */
function urisOf(list: string): readonly string[] {
  const pieces = list.slice(0, LONGEST * MOST).split(/(<[^<>]*>)/)
  let depth = 0
  const found: string[] = []
  for (const piece of pieces) {
    if (piece.startsWith('<')) {
      if (depth === 0) found.push(piece.slice(1, -1).replace(/\s+/g, ''))
    } else {
      depth = Math.max(0, depth + count(piece, '(') - count(piece, ')'))
    }
  }
  return found.filter((uri) => uri.length <= LONGEST).slice(0, MOST)
}

function count(text: string, letter: string): number {
  return text.split(letter).length - 1
}

function isPage(uri: string): boolean {
  try {
    const { protocol, username, password } = new URL(uri)
    return /^https?:$/.test(protocol) && username === '' && password === ''
  } catch {
    return false
  }
}
