/**
 * Responses on which the sending of a message depends, as far as they can be believed. What a response does not tell must
 * be asked again: taken for "it is not there", it would cost a message, or send it twice.
 */
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Results } from '#lib/jmap/results.ts'
import type { Id, SetError, SetResponse } from '#lib/jmap/types.ts'

interface Found<T> {
  readonly state: string
  readonly list: readonly T[]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a /get found; each has the `parts`, which are objects. Raises JmapFailure. */
export function foundIn<T>(results: Results, call: string, parts: readonly (keyof T & string)[] = []): Found<T> {
  const response = results.get<unknown>(call)
  const { state, list } = isObject(response) ? response : {}
  const isOne = (one: unknown): boolean =>
    isObject(one) && typeof one['id'] === 'string' && parts.every((part) => isObject(one[part]))
  if (typeof state !== 'string' || !Array.isArray(list) || !list.every(isOne)) {
    throw new JmapFailure('unknown', { transient: true })
  }
  return { state, list: list as T[] }
}

/** Raises JmapFailure: an ambiguous one if the response does not tell. */
export function setIn(results: Results, call: string): SetResponse {
  const response = results.get<unknown>(call)
  if (!isObject(response)) {
    throw unclear()
  }
  return response as Partial<SetResponse> as SetResponse
}

/** It may be done. */
export function unclear(): JmapFailure {
  return new JmapFailure('unknown', { transient: true, ambiguous: true })
}

/** The id of what was made; null: the response does not tell. */
export function idOf({ created }: SetResponse, key: string): Id | null {
  const id: unknown = created?.[key]?.id
  return typeof id === 'string' ? id : null
}

/** Why something was refused; null: it was not, as far as the response tells. */
export function errorIn(errors: Readonly<Record<string, SetError>> | null | undefined, key: string): SetError | null {
  const error: unknown = errors?.[key]
  return isObject(error) && typeof error['type'] === 'string' ? (error as unknown as SetError) : null
}
