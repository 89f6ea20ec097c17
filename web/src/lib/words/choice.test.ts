import { Choice } from '#lib/words/choice.ts'
import { expect, test } from 'vitest'

class MemoryStorage {
  readonly #items = new Map<string, string>()
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    this.#items.set(key, value)
  }
}

const storage = () => new MemoryStorage() as unknown as Storage

test('a choice outlives the page, and waits until the service knows it', () => {
  const device = storage()
  new Choice(() => device).keep('de')
  const reloaded = new Choice(() => device)
  expect([reloaded.language, reloaded.unsaved]).toEqual(['de', 'de'])
  reloaded.saved('de')
  expect([reloaded.language, reloaded.unsaved]).toEqual(['de', null])
})

test('a choice that was made while the service was told of another one still waits', () => {
  const device = storage()
  const choice = new Choice(() => device)
  choice.keep('de')
  choice.keep('en')
  choice.saved('de')
  expect(choice.unsaved).toBe('en')
})

test('what the service knows does not wait', () => {
  const device = storage()
  const choice = new Choice(() => device)
  choice.adopt('de')
  expect([choice.language, choice.unsaved]).toEqual(['de', null])
})

test.each(['', 'fr', 'fr unsaved', 'toString'])('%j on the device is no choice', (text) => {
  const device = storage()
  device.setItem('postroom-language', text)
  const choice = new Choice(() => device)
  expect([choice.language, choice.unsaved]).toEqual([null, null])
})

test('without storage there is no choice, and no failure', () => {
  const choice = new Choice(() => {
    throw new DOMException('blocked', 'SecurityError')
  })
  choice.keep('de')
  expect([choice.language, choice.unsaved]).toEqual([null, null])
})
