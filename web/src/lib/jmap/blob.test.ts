import { beginningOf } from '#lib/jmap/blob.ts'
import { expect, test } from 'vitest'

/** A response in parts; tells how many of them were taken. */
function inParts(...parts: string[]): { response: Response; taken: () => number } {
  let taken = 0
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (stream) => {
        const part = parts[taken]
        taken += 1
        if (part === undefined) stream.close()
        else stream.enqueue(new TextEncoder().encode(part))
      }
    },
    { highWaterMark: 0 }
  )
  return { response: new Response(stream), taken: () => taken }
}

const text = (octets: Uint8Array): string => new TextDecoder().decode(octets)

test('a blob that is small enough is read whole', async () => {
  const { octets, whole } = await beginningOf(inParts('abc', 'def').response, 6)
  expect([text(octets), whole]).toEqual(['abcdef', true])
})

test('of a larger one no more is loaded than its beginning takes', async () => {
  const { response, taken } = inParts('abc', 'def', 'ghi', 'jkl')
  const { octets, whole } = await beginningOf(response, 5)
  expect([text(octets), whole, taken()]).toEqual(['abcde', false, 2])
})

test('an empty one is whole', async () => {
  expect(await beginningOf(new Response(null), 5)).toEqual({ octets: new Uint8Array(0), whole: true })
})
