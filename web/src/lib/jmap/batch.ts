/**
 * Groups of calls → requests within the server's limits, and method responses → those of each group.
 *
 * The calls of a group may refer to each other's results, so they stay in one request (RFC 8620 §3.7). Groups that are
 * handed over in the same turn share requests.
 */
import { JmapFailure } from './errors.ts'
import type { Arguments, Call, Id, Invocation, Limits } from './types.ts'

/** Calls of a group. RFC 8620 §2 suggests that servers take as many. */
const MOST = 16

export type Group = readonly Call[]

/** The responses of one group by the ids of its calls: arguments, or the error that stands in their place. */
export type Responses = Map<string, { args: Arguments } | { error: Arguments }>

/** Calls of one request, each with the group that it belongs to. Its id on the wire is its place. */
export interface Planned {
  calls: Invocation[]
  origins: { group: number; id: string }[]
}

/** Raises RangeError for a group that no request can hold, a mistake of ours; JmapFailure if it is the server that takes too
 * little. */
export function plan(groups: readonly Group[], limits: Limits): Planned[] {
  const requests: Planned[] = []
  let current: Planned | null = null
  groups.forEach((group, number) => {
    const parts = split(group, limits)
    for (const calls of parts) {
      if (calls.length > limits.maxCallsInRequest) {
        throw calls.length > MOST
          ? new RangeError(`a group of ${calls.length} calls`)
          : new JmapFailure('mail_server_unusable')
      }
      if (!current || current.calls.length + calls.length > limits.maxCallsInRequest) {
        current = { calls: [], origins: [] }
        requests.push(current)
      }
      append(current, calls, number)
    }
  })
  return requests
}

function append(request: Planned, calls: Group, group: number): void {
  const places = new Map<string, string>()
  for (const call of calls) {
    const place = String(request.calls.length)
    places.set(call.id, place)
    request.calls.push([call.name, relocated(call.args, places), place])
    request.origins.push({ group, id: call.id })
  }
}

/** The arguments with each result reference pointing at the call's id on the wire. */
function relocated(args: Arguments, places: ReadonlyMap<string, string>): Arguments {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      if (!name.startsWith('#')) {
        return [name, value]
      }
      const reference = value as { resultOf: string }
      return [name, { ...reference, resultOf: places.get(reference.resultOf) ?? reference.resultOf }]
    })
  )
}

/** A lone `/get` of more ids than the server takes becomes several groups; others stay whole. */
function split(group: Group, limits: Limits): Group[] {
  const [call] = group
  const ids = call?.args['ids']
  if (group.length !== 1 || !call?.name.endsWith('/get') || !Array.isArray(ids)) {
    return [group]
  }
  const most = limits.maxObjectsInGet
  const parts: Group[] = []
  for (let at = 0; at === 0 || at < ids.length; at += most) {
    parts.push([{ ...call, args: { ...call.args, ids: ids.slice(at, at + most) as Id[] } }])
  }
  return parts
}

/** Gather the responses of all requests of a plan. A call that nobody answered has no entry. */
export function gather(
  count: number,
  exchanges: readonly { request: Planned; responses: readonly Invocation[] }[]
): Responses[] {
  const gathered: Responses[] = Array.from({ length: count }, () => new Map() as Responses)
  for (const { request, responses } of exchanges) {
    for (const [name, args, place] of responses) {
      const origin = request.origins[Number(place)]
      const found = origin && gathered[origin.group]
      if (!found) {
        continue
      }
      if (name === 'error') {
        add(found, origin.id, { error: args })
      } else if (name === request.calls[Number(place)]?.[0]) {
        // RFC 8621 §7.5: the implicit Email/set of a submission comes under the submission's id, and is left out.
        add(found, origin.id, { args })
      }
    }
  }
  return gathered
}

function add(responses: Responses, id: string, response: { args: Arguments } | { error: Arguments }): void {
  const before = responses.get(id)
  if (!before) {
    responses.set(id, response)
  } else if ('args' in before) {
    responses.set(id, 'args' in response ? { args: joined(before.args, response.args) } : response)
  }
}

/** Two parts of one `/get`. */
function joined(one: Arguments, other: Arguments): Arguments {
  return {
    ...one,
    list: [...listOf(one['list']), ...listOf(other['list'])],
    notFound: [...listOf(one['notFound']), ...listOf(other['notFound'])]
  }
}

/** `notFound` may be null (RFC 8620 §5.1 says a list; Cyrus and others differ). */
function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
