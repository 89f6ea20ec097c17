import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const VIEWS = new URL('..', import.meta.url).pathname

test('a part that markup waits for is asked for until it is there: without a network nothing would come, nor be said', () => {
  const found = globSync(`${VIEWS}**/*.svelte`).filter((path) => {
    const awaited = readFileSync(path, 'utf8').match(/\{#await .*/g) ?? []
    return awaited.some((line) => line.includes('import(') && !line.includes('latePart('))
  })
  expect(found).toEqual([])
})
