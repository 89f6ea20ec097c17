// @vitest-environment jsdom
import { unfinished } from '#lib/settings/state/unfinished.ts'
import { expect, test } from 'vitest'

function isAsked(): boolean {
  const event = new Event('beforeunload', { cancelable: true })
  dispatchEvent(event)
  return event.defaultPrevented
}

test('who leaves the page is asked until all that is under way is done, or has failed', async () => {
  const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
  const works = [unfinished(first.promise), unfinished(second.promise)]
  expect(isAsked()).toBe(true)
  first.resolve('done')
  expect(await works[0]).toBe('done')
  expect(isAsked()).toBe(true)
  second.reject(new Error('refused'))
  await expect(works[1]).rejects.toThrow('refused')
  expect(isAsked()).toBe(false)
})
