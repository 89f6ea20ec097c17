/**
 * What a stored draft knows and no header of mail can say: a header of our own, which the email that leaves does not have.
 * A draft without it is that of another program.
 */
import type { Draft, Recipient } from '#lib/writing/domain/draft.ts'
import { isAddress, sentAddress } from './address.ts'

/** As text, not raw: the mail server folds it, and no value can end it. */
export const DRAFT_HEADER = 'header:X-Postroom-Draft:asText'
/** Characters between two spaces: some servers fold at spaces alone, and RFC 5322 §2.1.1 allows lines of 998. */
const LINE = 60

const FIELDS = ['to', 'cc', 'bcc'] as const
type Field = (typeof FIELDS)[number]

export interface OwnHeader {
  readonly identityId: string | null
  readonly parent: { readonly kind: 'reply' | 'forward'; readonly emailId: string | null } | null
  /** recipients that are no addresses, or that were typed in other letters than they are sent in; each with its place */
  readonly words: readonly { readonly field: Field; readonly at: number; readonly recipient: Recipient }[]
}

export function draftHeader(draft: Draft): string {
  const words = FIELDS.flatMap((field) =>
    draft[field].map((recipient, at) => [field, at, recipient.name, recipient.address] as const)
  ).filter(([, , , address]) => !isAddress(address) || sentAddress(address) !== address)
  const parent = draft.parent && [draft.parent.kind, draft.parent.emailId]
  const text = encodeURIComponent(JSON.stringify([draft.identityId, parent, words]))
  return text.replace(new RegExp(`.{${LINE}}(?=.)`, 'gu'), '$& ')
}

/** Null if there is none, or nobody can read it. */
export function readDraftHeader(text: string | null | undefined): OwnHeader | null {
  try {
    const said: unknown = JSON.parse(decodeURIComponent((text ?? '').replace(/\s/gu, '')))
    return Array.isArray(said) ? headerOf(said) : null
  } catch {
    return null
  }
}

function headerOf([identityId, parent, words]: unknown[]): OwnHeader {
  const [kind, emailId] = Array.isArray(parent) ? (parent as unknown[]) : []
  return {
    identityId: typeof identityId === 'string' ? identityId : null,
    parent:
      kind === 'reply' || kind === 'forward' ? { kind, emailId: typeof emailId === 'string' ? emailId : null } : null,
    words: Array.isArray(words) ? words.flatMap(wordIn) : []
  }
}

function wordIn(value: unknown): OwnHeader['words'] {
  if (!Array.isArray(value)) {
    return []
  }
  const [field, at, name, address] = value as unknown[]
  const known = FIELDS.find((each) => each === field)
  const isWhole = typeof at === 'number' && typeof name === 'string' && typeof address === 'string'
  return known && isWhole ? [{ field: known, at, recipient: { name, address } }] : []
}
