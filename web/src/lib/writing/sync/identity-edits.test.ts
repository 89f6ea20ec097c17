import { expect, test } from 'vitest'
import type { Identity } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import {
  CHANGED_ELSEWHERE,
  GONE,
  IdentityEdits,
  NOT_ALLOWED,
  TOO_LONG,
  valuesOf,
  type IdentityValues
} from './identity-edits.ts'
import { Results } from '#lib/jmap/results.ts'
import type { Arguments } from '#lib/jmap/types.ts'

const OWN: Identity = { id: 'a', name: 'Me', email: 'me@example.org', textSignature: 'Me', htmlSignature: '<b>Me</b>' }

/** A mail server with identities. `meanwhile`: what another device does before the next /set. */
class Server {
  identities = [OWN]
  state = 0
  sets: Arguments[] = []
  refuses: { type: string; properties?: string[] } | null = null
  meanwhile: (() => void)[] = []
  readonly told: string[] = []
  readonly session = {
    tell: (event: string) => this.told.push(event),
    address: 'me@example.org',
    connected: () => Promise.resolve(),
    client: { run: (calls: { name: string; id: string; args: Arguments }[]) => Promise.resolve(this.#run(calls)) }
  } as unknown as Session

  change(values: Partial<Identity>): void {
    this.identities = this.identities.map((one) => ({ ...one, ...values }))
    this.state += 1
  }

  #run(calls: { name: string; id: string; args: Arguments }[]): Results {
    return new Results(
      new Map(
        calls.map(({ name, id, args }) => [id, name === 'Identity/get' ? { args: this.#get(args) } : this.#set(args)])
      ) as never
    )
  }

  #get({ ids }: Arguments): Arguments {
    const wanted = ids as string[] | null
    return {
      state: String(this.state),
      list: this.identities.filter(({ id }) => wanted === null || wanted.includes(id))
    }
  }

  #set(args: Arguments): object {
    this.meanwhile.shift()?.()
    if (args['ifInState'] !== undefined && args['ifInState'] !== String(this.state)) {
      return { error: { type: 'stateMismatch' } }
    }
    this.sets.push(args)
    if (this.refuses) {
      const refused = this.refuses
      return { args: { notCreated: { new: refused }, notUpdated: { a: refused }, notDestroyed: { a: refused } } }
    }
    const { create, update, destroy } = args as {
      create?: Record<string, object>
      update?: Record<string, object>
      destroy?: string[]
    }
    if (create) this.identities = [...this.identities, { id: 'b', ...create['new'] } as Identity]
    if (update) this.change(update['a'] as Partial<Identity>)
    this.identities = this.identities.filter(({ id }) => !destroy?.includes(id))
    this.state += 1
    return { args: { created: create ? { new: { id: 'b' } } : null, updated: {}, destroyed: destroy ?? null } }
  }
}

const BEFORE = valuesOf(OWN)
const AFTER: IdentityValues = { ...BEFORE, textSignature: 'Me, at work' }

test('a change is made to what the person was shown, and whoever writes is told', async () => {
  const server = new Server()
  await new IdentityEdits(server.session).change('a', BEFORE, AFTER)
  expect([server.identities[0]?.textSignature, server.sets[0]?.['ifInState']]).toEqual(['Me, at work', '0'])
  expect(server.told).toEqual(['identities'])
})

test('what another device changed before is not overwritten', async () => {
  const server = new Server()
  server.change({ name: 'Another' })
  const change = new IdentityEdits(server.session).change('a', BEFORE, AFTER)
  await expect(change).rejects.toMatchObject({ code: CHANGED_ELSEWHERE })
  expect([server.sets, server.identities[0]?.name]).toEqual([[], 'Another'])
})

test('what another device changes at the same moment is not overwritten either', async () => {
  const server = new Server()
  server.meanwhile = [() => server.change({ name: 'Another' })]
  const change = new IdentityEdits(server.session).change('a', BEFORE, AFTER)
  await expect(change).rejects.toMatchObject({ code: CHANGED_ELSEWHERE })
  expect(server.sets).toEqual([])
})

test('a change of another identity at the same moment keeps nobody from saving', async () => {
  const server = new Server()
  server.meanwhile = [() => void (server.state += 1), () => void (server.state += 1)]
  await new IdentityEdits(server.session).change('a', BEFORE, AFTER)
  expect(server.identities[0]?.textSignature).toBe('Me, at work')
})

test('a change whose response was lost is made once more without a conflict', async () => {
  const server = new Server()
  server.change(AFTER as Partial<Identity>)
  await new IdentityEdits(server.session).change('a', BEFORE, AFTER)
  expect(server.identities[0]?.textSignature).toBe('Me, at work')
})

test('one that is gone is not made anew by a change, and may be deleted again', async () => {
  const server = new Server()
  server.identities = []
  const edits = new IdentityEdits(server.session)
  await expect(edits.change('a', BEFORE, AFTER)).rejects.toMatchObject({ code: GONE })
  server.refuses = { type: 'notFound' }
  await edits.remove('a')
})

test.each([
  [{ type: 'invalidProperties', properties: ['email'] }, NOT_ALLOWED],
  [{ type: 'forbiddenFrom' }, NOT_ALLOWED],
  [{ type: 'invalidProperties', properties: ['htmlSignature'] }, TOO_LONG],
  [{ type: 'overQuota' }, 'overQuota']
])('a refusal says what the person can do about it: %j', async (refusal, code) => {
  const server = new Server()
  server.refuses = refusal
  await expect(new IdentityEdits(server.session).make('x@example.org', AFTER)).rejects.toMatchObject({ code })
})

test('an empty list of addresses for replies is none', () => {
  expect(valuesOf({ ...OWN, replyTo: [] }).replyTo).toBeNull()
})
