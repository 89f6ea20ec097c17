import { describe, expect, test } from 'vitest'
import { gather, plan, type Group } from './batch.ts'
import { call, reference } from './client.ts'
import type { Invocation, Limits } from './types.ts'

const LIMITS: Limits = { maxCallsInRequest: 16, maxObjectsInGet: 500, maxObjectsInSet: 500, maxConcurrentRequests: 4 }

/** A server that responses each call with what it was asked, and each get with its ids. */
function respond(calls: readonly Invocation[]): Invocation[] {
  return calls.map(([name, args, id]) => {
    const ids = args['ids']
    return [name, Array.isArray(ids) ? { list: ids, notFound: [] } : { asked: args['tag'] ?? null, list: [] }, id]
  })
}

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `id${at}`)
}

/** The same numbers in each run: a failure can be looked at again. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state / 2147483648
  }
}

function randomGroups(next: () => number): Group[] {
  return Array.from({ length: 1 + Math.floor(next() * 30) }, (_, number): Group => {
    if (next() < 0.3) {
      return [call('Email/get', 'get', { ids: ids(Math.floor(next() * 2_000)) })]
    }
    const group = [call('Email/query', 'query', { tag: number })]
    for (let more = Math.floor(next() * 6); more > 0; more -= 1) {
      group.push(call('Email/get', `get${more}`, { '#ids': reference('query', 'Email/query', '/ids') }))
    }
    return group
  })
}

test('split and joined, each group gets the responses that it would get alone', () => {
  const next = random(7)
  for (let round = 0; round < 200; round += 1) {
    const groups = randomGroups(next)
    const exchanges = plan(groups, LIMITS).map((request) => ({ request, responses: respond(request.calls) }))
    const responses = gather(groups.length, exchanges)
    groups.forEach((group, number) => {
      for (const { id, args } of group) {
        const found = responses[number]?.get(id)
        expect(found).toMatchObject({ args: args['ids'] ? { list: args['ids'] } : { asked: args['tag'] ?? null } })
      }
    })
  }
})

test('no request has more calls, no get more ids, than the server allows', () => {
  const next = random(11)
  for (let round = 0; round < 200; round += 1) {
    for (const { calls } of plan(randomGroups(next), LIMITS)) {
      expect(calls.length).toBeLessThanOrEqual(16)
      for (const [, args] of calls) {
        expect(Array.isArray(args['ids']) ? args['ids'].length : 0).toBeLessThanOrEqual(500)
      }
    }
  }
})

test('a result reference stays in the request of the call that it names', () => {
  const next = random(13)
  for (let round = 0; round < 200; round += 1) {
    for (const { calls } of plan(randomGroups(next), LIMITS)) {
      calls.forEach(([, args], place) => {
        const of = args['#ids'] as { resultOf: string; name: string } | undefined
        if (of) {
          expect(Number(of.resultOf)).toBeLessThan(place)
          expect(calls[Number(of.resultOf)]?.[0]).toBe(of.name)
        }
      })
    }
  }
})

describe('gather', () => {
  test('an error stands in the place of the response', () => {
    const [request] = plan([[call('Email/get', 'get', { ids: [] })]], LIMITS)
    const responses: Invocation[] = [['error', { type: 'serverFail' }, '0']]
    const [gathered] = gather(1, request ? [{ request, responses }] : [])
    expect(gathered?.get('get')).toEqual({ error: { type: 'serverFail' } })
  })

  test('the implicit Email/set of a submission does not replace its response (RFC 8621 §7.5)', () => {
    const [request] = plan([[call('EmailSubmission/set', 'send')]], LIMITS)
    const responses: Invocation[] = [
      ['EmailSubmission/set', { created: {} }, '0'],
      ['Email/set', { updated: {} }, '0']
    ]
    const [gathered] = gather(1, request ? [{ request, responses }] : [])
    expect(gathered?.get('send')).toEqual({ args: { created: {} } })
  })
})

test('a group that no request can hold is a mistake of ours', () => {
  const group = Array.from({ length: 17 }, (_, at) => call('Core/echo', String(at)))
  expect(() => plan([group], LIMITS)).toThrow(RangeError)
})
