import type { Sheet } from '#lib/mail/inert-html.ts'

/** What page and frame say to each other. The page believes nothing: a script that got into the frame would say it. */

export interface Look {
  readonly theme: 'light' | 'dark'
  /** on white paper, whatever the theme */
  readonly paper: boolean
  readonly lang: string
  readonly dir: string
  /** the page's tokens that the frame needs: text, surface, border, link; none on paper */
  readonly colours: Readonly<Record<string, string>>
}

export type ToFrame =
  | { readonly html: string; readonly sheets: readonly Sheet[]; readonly look: Look }
  /** Content-ID → picture, for images that wait with `data-cid` */
  | { readonly images: readonly (readonly [string, Blob])[] }
  /** as large as it is, or as small as its frame needs */
  | { readonly original: boolean }
  /** what can be seen of it? */
  | { readonly rendered: true }

export type FromFrame =
  | { readonly kind: 'ready' }
  /** CSS pixels that the mail needs */
  | { readonly kind: 'height'; readonly height: number }
  /** the factor by which it is scaled down; 1 if it is not */
  | { readonly kind: 'scale'; readonly scale: number }
  /** the address below the pointer or the focus; empty if there is none */
  | { readonly kind: 'hover'; readonly href: string }
  /** `seen`: what the eye sees of the link, in lines */
  | { readonly kind: 'link'; readonly href: string; readonly seen: string }
  /** HTML of what can be seen; null if that cannot be known */
  | { readonly kind: 'rendered'; readonly html: string | null }
  | { readonly kind: 'key'; readonly key: string; readonly shift: boolean; readonly control: boolean }

export const MAX_HEIGHT = 100_000
export const MAX_ADDRESS = 8_192
/** characters */
const MAX_SEEN = 20_000
/** characters */
const MAX_HTML = 2_000_000

/** Keys of the command table. Enter, space, Tab, arrows and pages belong to whoever reads in the frame. */
const KEYS = /^(?:[a-z/?#!.;:*[\]]|Escape|F6)$/i
const KEYS_WITH_CONTROL = /^[kz]$/i

/** What a frame said, or null if it is not allowed to say that. */
export function heard(data: unknown): FromFrame | null {
  if (typeof data !== 'object' || data === null || !('kind' in data)) return null
  const said = data as Readonly<Record<string, unknown>>
  switch (said['kind']) {
    case 'ready':
      return { kind: 'ready' }
    case 'height':
      return height(said['height'])
    case 'scale':
      return scale(said['scale'])
    case 'hover':
      return said['href'] === '' ? { kind: 'hover', href: '' } : hover(addressOf(said['href']))
    case 'link':
      return link(addressOf(said['href']), said['seen'])
    case 'rendered':
      return { kind: 'rendered', html: isHtml(said['html']) ? said['html'] : null }
    case 'key':
      return key(said)
    default:
      return null
  }
}

function height(value: unknown): FromFrame | null {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return null
  return { kind: 'height', height: Math.min(Math.ceil(value), MAX_HEIGHT) }
}

function scale(value: unknown): FromFrame | null {
  return typeof value === 'number' && value > 0 && value <= 1 ? { kind: 'scale', scale: value } : null
}

function hover(href: string | null): FromFrame | null {
  return href === null ? null : { kind: 'hover', href }
}

function isHtml(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_HTML
}

function link(href: string | null, seen: unknown): FromFrame | null {
  if (href === null || typeof seen !== 'string') return null
  return { kind: 'link', href, seen: seen.slice(0, MAX_SEEN) }
}

function key({ key, shift, control }: Readonly<Record<string, unknown>>): FromFrame | null {
  if (typeof key !== 'string' || !(control === true ? KEYS_WITH_CONTROL : KEYS).test(key)) return null
  return { kind: 'key', key, shift: shift === true, control: control === true }
}

/** An address that a person may be led to: the web, a mail, a telephone. */
function addressOf(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > MAX_ADDRESS || !URL.canParse(value)) return null
  const url = new URL(value)
  return ['http:', 'https:', 'mailto:', 'tel:'].includes(url.protocol) ? url.href : null
}

/** How many messages a frame may send in a while; one that sends more has been taken over, and is removed. */
export class Allowance {
  static readonly MESSAGES = 300
  static readonly SECONDS = 10
  #since = -Infinity
  #spent = 0

  /** @param now milliseconds of any clock that does not go back */
  spend(now: number): boolean {
    if (now - this.#since > Allowance.SECONDS * 1_000) {
      this.#since = now
      this.#spent = 0
    }
    return ++this.#spent <= Allowance.MESSAGES
  }
}
