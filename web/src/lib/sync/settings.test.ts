import { expect, test, vi } from 'vitest'
import { World } from '../../../tests/world.ts'
import { SettingsDocument } from './settings.ts'

function documentBehind(fetch: typeof globalThis.fetch): SettingsDocument {
  return new SettingsDocument(new World().ports(fetch))
}

const TAGGED = { headers: { ETag: '"1"' } }

test.each([
  ['a page', () => new Response('<!doctype html><title>Hotel</title>', TAGGED)],
  ['what breaks off', () => new Response('{"labels":[', TAGGED)],
  ['nothing', () => new Response('', TAGGED)],
  ['JSON without a tag', () => new Response('{}')]
])(
  '%s is no answer of the service: nothing is read of it, and nothing written over what there is',
  async (_, answer) => {
    const methods: string[] = []
    const settings = documentBehind((_, init) => {
      methods.push(init?.method ?? 'GET')
      return Promise.resolve(answer())
    })
    const read = vi.fn()
    settings.onread = read
    await expect(settings.read()).rejects.toMatchObject({ code: 'unavailable', transient: true })
    await expect(settings.change(() => ({ language: 'de' }))).rejects.toMatchObject({ code: 'unavailable' })
    expect(read).not.toHaveBeenCalled()
    expect(methods).toEqual(['GET', 'GET'])
  }
)

test('who waits for the service is told in the end that it does not answer', async () => {
  const patience = new AbortController()
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(patience.signal)
  const settings = documentBehind(
    (_, init) =>
      new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new TypeError('aborted'))))
  )
  const changing = settings.change(() => ({ language: 'de' }))
  patience.abort()
  await expect(changing).rejects.toMatchObject({ code: 'unavailable' })
  timeout.mockRestore()
})
