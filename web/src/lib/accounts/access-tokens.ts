/** Tokens for programs: /api/access-tokens. */
import { listedIn, wrongName, type Collection } from '#lib/accounts/collection.ts'
import { isObject, textOf } from '#lib/accounts/flow.ts'
import { momentOf, readAs, type Ask } from '#lib/accounts/service.ts'

export const SCOPES = ['read', 'write', 'send'] as const
export type Scope = (typeof SCOPES)[number]

export interface AccessToken {
  readonly id: string
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly createdAt: Date | null
  readonly expiresAt: Date | null
  /** exact to the minute; null: never */
  readonly lastUsedAt: Date | null
}

export interface MadeToken extends AccessToken {
  /** the token itself, which nobody can show again */
  readonly secret: string
}

export interface WantedToken {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly days: number
}

const PATH = '/api/access-tokens'
/** Characters of a name (people/access_tokens.py). */
export const LONGEST_TOKEN_NAME = 100

export function accessTokens(ask: Ask): Collection<AccessToken, WantedToken, MadeToken> {
  return {
    async list() {
      return readAs(await ask('GET', PATH), (value) => listedIn(value, 'access_tokens', tokenOf))
    },
    async make(wanted) {
      return readAs(await ask('POST', PATH, { ...wanted, name: wanted.name.trim() }), (value) => {
        const token = tokenOf(value)
        const secret = isObject(value) ? textOf(value['token']) : ''
        return token && secret ? { ...token, secret } : null
      })
    },
    remove: (id) => ask('DELETE', `${PATH}/${encodeURIComponent(id)}`)
  }
}

function tokenOf(value: unknown): AccessToken | null {
  if (!isObject(value) || !textOf(value['id'])) return null
  const scopes: unknown[] = Array.isArray(value['scopes']) ? value['scopes'] : []
  return {
    id: textOf(value['id']),
    name: textOf(value['name']),
    scopes: SCOPES.filter((scope) => scopes.includes(scope)),
    createdAt: momentOf(value['created_at']),
    expiresAt: momentOf(value['expires_at']),
    lastUsedAt: momentOf(value['last_used_at'])
  }
}

/** What is wrong with the form, before it is sent. */
export function wrongToken({ name, scopes }: WantedToken): 'missing' | 'too_long' | 'no_scope' | null {
  return wrongName(name, LONGEST_TOKEN_NAME) ?? (scopes.length === 0 ? 'no_scope' : null)
}
