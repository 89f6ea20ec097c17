import { expect, test } from 'vitest'
import { accessTokens, LONGEST_TOKEN_NAME, wrongToken } from './access-tokens.ts'
import type { Ask } from './service.ts'

const TOKEN = {
  id: 't',
  name: 'Backup',
  scopes: ['read', 'send', 'of a later version'],
  created_at: '2026-11-27T14:00:00Z',
  expires_at: '2027-02-25T14:00:00Z',
  last_used_at: null
}

function responding(value: unknown): Ask {
  return () => Promise.resolve({ value })
}

test('tokens are listed with the scopes that we know, in one order', async () => {
  const found = await accessTokens(responding({ access_tokens: [TOKEN], limit: 20 })).list()
  expect(found).toMatchObject({ value: { limit: 20, items: [{ scopes: ['read', 'send'], lastUsedAt: null }] } })
})

test('a new token comes with its text, once', async () => {
  const tokens = accessTokens(responding({ ...TOKEN, token: 'postroom_x' }))
  expect(await tokens.make({ name: 'Backup', scopes: ['read'], days: 90 })).toMatchObject({
    value: { secret: 'postroom_x' }
  })
  const without = accessTokens(responding(TOKEN))
  expect(await without.make({ name: 'Backup', scopes: ['read'], days: 90 })).toHaveProperty('failure')
})

test.each([
  [{ name: ' ', scopes: ['read'] as const, days: 1 }, 'missing'],
  [{ name: 'x'.repeat(LONGEST_TOKEN_NAME + 1), scopes: ['read'] as const, days: 1 }, 'too_long'],
  [{ name: 'Backup', scopes: [], days: 1 }, 'no_scope'],
  [{ name: 'Backup', scopes: ['send'] as const, days: 1 }, null]
])('what the service would refuse is told before', (wanted, wrong) => {
  expect(wrongToken(wanted)).toBe(wrong)
})
