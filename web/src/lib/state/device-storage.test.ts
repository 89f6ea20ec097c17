import { expect, test } from 'vitest'
import { DeviceStorage } from './device-storage.ts'

class Memory {
  readonly texts = new Map<string, string>()

  getItem(key: string): string | null {
    return this.texts.get(key) ?? null
  }

  setItem(key: string, text: string): void {
    this.texts.set(key, text)
  }
}

test('what is written is read after a reload, and nothing else', () => {
  const memory = new Memory()
  new DeviceStorage(() => memory as unknown as Storage).write('collapsed', ['a'])
  const device = new DeviceStorage(() => memory as unknown as Storage)
  expect([device.read('collapsed'), device.read('other')]).toEqual([['a'], null])
  memory.texts.set('postroom-collapsed', '{half')
  expect(device.read('collapsed')).toBe(null)
})

test('where the browser keeps nothing, nothing is kept and nothing fails', () => {
  const device = new DeviceStorage(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  device.write('collapsed', ['a'])
  expect(device.read('collapsed')).toBe(null)
})
