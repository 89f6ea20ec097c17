/**
 * Whether the mail server keeps the keywords of labels. Stalwart says that an email was updated, and shows no keyword that
 * is the hundredth of an account: what is not looked at again would be told as done.
 */
import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Results } from '#lib/jmap/results.ts'
import type { GetResponse, Id, SetResponse } from '#lib/jmap/types.ts'
import { isOfLabel } from '#lib/mail/label.ts'
import type { MutableProperties, Patch } from '#lib/store/objects.ts'

type Updates = ReadonlyMap<Id, Patch>

/** For each label that is added, an email that gets it: one tells for all. */
export function toLookAt(update: Updates): Map<string, Id> {
  const found = new Map<string, Id>()
  for (const [id, patch] of update) labelsOf(patch).forEach((keyword) => found.set(keyword, id))
  return found
}

/** The emails to which a label was added that is not kept, by what `looked` found out. */
export function notKept(update: Updates, looked: ReadonlyMap<string, Id>, results: Results): Map<Id, JmapFailure> {
  if (looked.size === 0) return new Map()
  const { notUpdated } = results.get<SetResponse>('set')
  const facts = new Map(factsIn(results).map((one) => [one.id, one]))
  // One that was not updated, for whatever reason, does not tell of the others.
  const isLost = ([keyword, id]: readonly [string, Id]): boolean =>
    !notUpdated?.[id] && isLacking(keyword, facts.get(id))
  const lost = new Set([...looked].filter(isLost).map(([keyword]) => keyword))
  const found = new Map<Id, JmapFailure>()
  for (const [id, patch] of update) {
    const detail = labelsOf(patch).find((keyword) => lost.has(keyword))
    if (detail !== undefined) found.set(id, new JmapFailure('too_many_labels', { detail }))
  }
  return found
}

/** Without an answer to that alone, the update counts. */
function factsIn(results: Results): readonly MutableProperties[] {
  try {
    return results.get<GetResponse<MutableProperties>>('get').list
  } catch {
    return []
  }
}

function labelsOf({ keywords = {} }: Patch): string[] {
  return Object.keys(keywords).filter((keyword) => keywords[keyword] && isOfLabel(keyword))
}

/** RFC 8621 §4.1.1: keywords are without case. An email that is gone lacks nothing. */
function isLacking(keyword: string, facts: MutableProperties | undefined): boolean {
  const has = (one: string): boolean => one.toLowerCase() === keyword.toLowerCase()
  return facts !== undefined && !Object.keys(facts.keywords).some(has)
}
