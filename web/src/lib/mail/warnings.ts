/** What is suspicious about the sender of a message, worst first. What was compared is part of the result. */
import { domainOf } from './address.ts'
import { asRead } from './as-read.ts'
import type { Authentication } from './authentication.ts'
import { editDistance } from './edit-distance.ts'
import type { Person } from './people.ts'

export interface Suspect {
  readonly from: readonly Person[]
  readonly replyTo: readonly Person[]
  /** the person wrote it, whatever its From header says */
  readonly own: boolean
  /** the person's address, of which its From header alone says that it wrote this */
  readonly claimsOwn?: string | null
  readonly authentication: Authentication
}

export type Warning =
  | { readonly kind: 'lookalike'; readonly name: string; readonly known: string; readonly now: string }
  | { readonly kind: 'nameIsAddress'; readonly shown: string; readonly real: string }
  | { readonly kind: 'notFromYou' | 'failed'; readonly address: string }
  | { readonly kind: 'replyElsewhere'; readonly from: string; readonly to: string }
  | { readonly kind: 'disguised'; readonly shown: string; readonly real: string }
  | { readonly kind: 'nearMiss'; readonly known: string; readonly now: string }
  | { readonly kind: 'namesake' | 'newAddress'; readonly name: string; readonly known: string; readonly now: string }
  | { readonly kind: 'linkElsewhere'; readonly shown: string; readonly target: string }

/** Senders of one message that are looked at: no real one has more. */
export const MOST_SENDERS = 20

/**
 * The worst warning about a message that the person does not know, given the earlier messages of its conversation; null
 * if there is none.
 */
export function warningOf(
  message: Suspect,
  earlier: readonly Suspect[],
  isKnown: (warning: Warning) => boolean = () => false
): Warning | null {
  const { from, own, claimsOwn } = message
  const [sender] = from
  if (!sender || own) return null
  const failed = message.authentication === 'failed'
  const found: (Warning | null)[] = [
    claimsOwn && failed ? { kind: 'notFromYou', address: claimsOwn } : null,
    ...from.slice(0, MOST_SENDERS).flatMap((one) => [lookalike(one, earlier), nameIsAddress(one)]),
    failed ? { kind: 'failed', address: sender.address } : null
  ]
  return found.find((warning) => warning && !isKnown(warning)) ?? null
}

/** Whether it speaks against the message; the others are worth a word. */
export function isGrave({ kind }: Warning): boolean {
  return kind !== 'newAddress'
}

/**
 * What the person knows when they say that they know the sender: this warning with what was compared. Whoever writes to
 * them by the same name from a third address, or forges the address that they know, is warned of again. An address that a
 * reply goes to is known whoever writes: that of a list, to which each member replies.
 */
export function keyOf(warning: Warning): string {
  const { kind, ...compared } = warning
  return [kind, ...('from' in compared ? [compared.to] : Object.values(compared))].join(' ')
}

/** Somebody with the same name wrote before, from a domain that differs in a letter or two. */
function lookalike(sender: Person, earlier: readonly Suspect[]): Warning | null {
  const name = asRead(sender.name).toLowerCase()
  if (!name) return null
  const compared = new Set([sender.address])
  for (const { from } of earlier) {
    for (const known of from) {
      // Most of a conversation comes from the same few addresses.
      if (compared.has(known.address) || asRead(known.name).toLowerCase() !== name) continue
      compared.add(known.address)
      const [one, two] = [domainOf(known.address), domainOf(sender.address)]
      if (one !== two && isNear(skeleton(one), skeleton(two))) {
        return { kind: 'lookalike', name: sender.name.trim(), known: known.address, now: sender.address }
      }
    }
  }
  return null
}

/** Bounded (RFC 5321 §4.5.3.1), so that no name makes the pattern slow. */
const ADDRESS = /[^\s<>"'(),]{1,64}@[^\s<>"'(),]{1,255}\.[^\s<>"'(),]{1,63}/u

/** The name is written like an address, of another domain than the real one. */
function nameIsAddress(sender: Person): Warning | null {
  const read = asRead(sender.name).replace(/\s*[([{<]\s*at\s*[)\]}>]\s*/giu, '@')
  const shown = ADDRESS.exec(read)?.[0]
  if (!shown || domainOf(shown) === domainOf(sender.address)) return null
  return { kind: 'nameIsAddress', shown, real: sender.address }
}

/** Characters that look alike become one: "papierwerck" and "papierwerk" stay apart, "paypa1" and "paypal" do not. Only the
 * most common of them: the list of mail needs it, which is not to load the table of `confusables.ts`. */
function skeleton(domain: string): string {
  return domain
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/rn/g, 'm')
    .replace(/vv/g, 'w')
    .replace(/[1!|i]/g, 'l')
    .replace(/0/g, 'o')
}

/** RFC 1035 §2.3.4; of a longer one the comparison would take too long. */
const LONGEST_DOMAIN = 253

/** At most two letters differ, in names that are long enough for that to be chance. */
function isNear(one: string, other: string): boolean {
  if (one === other) return true
  if (Math.max(one.length, other.length) > LONGEST_DOMAIN) return false
  if (Math.abs(one.length - other.length) > 2 || Math.min(one.length, other.length) < 6) return false
  return editDistance(one, other) <= 2
}
