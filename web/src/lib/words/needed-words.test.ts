/** A page has the words that it asks for, and no others: what is drawn with others fails once it is drawn. */
import { loadPart, type Part } from '#lib/words/parts.ts'
import { expect, test } from 'vitest'

const CODE = import.meta.glob<string>('/src/lib/**/*.{ts,svelte}', { query: '?raw', import: 'default', eager: true })
const PARTS: readonly Part[] = ['preparation', 'signIn', 'reading', 'writing', 'settings']

/** The file and all that it imports statically; what is a type of TypeScript only is not among it. */
function withImports(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file)) return found
  found.add(file)
  for (const [, path] of (CODE[file] ?? '').matchAll(/^\s*import (?!type )[^']*'#lib\/([^']+)'/gm)) {
    withImports(`/src/lib/${path ?? ''}`, found)
  }
  return found
}

test('a window of its own asks for all words that are drawn in it', async () => {
  const page = '/src/lib/writing/page/OwnWindow.svelte'
  const asked = new Set([...(CODE[page] ?? '').matchAll(/\.need\('(\w+)'\)/g)].map(([, part]) => part))
  expect(asked.size).toBeGreaterThan(0)
  const files = [...withImports(page)]
  for (const part of PARTS.filter((one) => !asked.has(one))) {
    const keys = Object.keys(await loadPart(part, 'en'))
    const users = files.filter((file) => keys.some((key) => new RegExp(`\\bwords\\.${key}\\b`).test(CODE[file] ?? '')))
    expect([part, users]).toEqual([part, []])
  }
})
