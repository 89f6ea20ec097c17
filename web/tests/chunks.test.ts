import { globSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BEFORE, chunks, MOMENTS } from '../chunks.ts'

const WEB = new URL('..', import.meta.url).pathname
const FILES = globSync([`${WEB}src/**/*.{ts,svelte}`, `${WEB}node_modules/@sveltejs/kit/src/runtime/client/*.js`])

/** One pattern for each combination of what its groups allow. */
function alternatives(pattern: string): string[] {
  const group = /\((?:\?:)?([^()]*)\)/.exec(pattern)
  if (!group) return pattern.split('|')
  const [whole, choices = ''] = group
  const [before, after] = [pattern.slice(0, group.index), pattern.slice(group.index + whole.length)]
  return choices.split('|').flatMap((choice) => alternatives(before + choice + after))
}

test('every alternative of a pattern is found', () => {
  expect(new Set(alternatives('a|b(?:c|d(?:e|f)|g)'))).toEqual(new Set(['a', 'bc', 'bde', 'bdf', 'bg']))
})

test('what the page fills in before anything runs lies in no file of any moment', () => {
  const id = `${WEB}node_modules/@sveltejs/kit/src/runtime/client/payload.js`
  expect(FILES).toContain(id)
  expect(BEFORE.test(id)).toBe(true)
  const importers = [`${WEB}node_modules/@sveltejs/kit/src/runtime/client/client-entry.js`]
  const graph = { getModuleInfo: () => ({ importers }) }
  const names = chunks().flatMap(({ name }) => name(id, graph) ?? [])
  expect(names).toEqual(['before'])
})

const NAMED = Object.entries(MOMENTS).flatMap(([moment, { source }]) =>
  [...new Set(alternatives(source))].map((pattern) => [moment, pattern] as const)
)

test.each(NAMED)('what begins the moment "%s" exists: %s', (_, pattern) => {
  expect(FILES.filter((path) => new RegExp(pattern).test(path))).not.toEqual([])
})
