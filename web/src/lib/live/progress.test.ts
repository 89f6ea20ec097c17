import { followProgress } from '#lib/live/progress.ts'
import { expect, test, vi } from 'vitest'

class FakeSource extends EventTarget {
  readyState = 1
  closed = false
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  close(): void {
    this.closed = true
  }
  say(type: string, data: string): void {
    this.dispatchEvent(new MessageEvent(type, { data }))
  }
}

function start() {
  const sources: FakeSource[] = []
  const heard: unknown[] = []
  const stop = followProgress(
    () => {
      const source = new FakeSource()
      sources.push(source)
      return source as unknown as EventSource
    },
    { progress: (progress) => heard.push(progress), connected: (yes) => heard.push(yes) }
  )
  return { sources, heard, stop }
}

test('each change of the mailbox is passed on, also that it is ready', () => {
  const { sources, heard } = start()
  sources[0]?.say('provisioning', '{"state":"preparing"}')
  sources[0]?.say('hello', '{"state":"ready"}')
  expect(heard).toEqual([true, { state: 'preparing' }, true, { state: 'ready' }])
})

test('a stream that the browser gave up is opened again', () => {
  vi.useFakeTimers()
  const { sources, heard, stop } = start()
  const [first] = sources
  if (!first) throw new Error('no stream was opened')
  first.readyState = 2
  first.onerror?.()
  vi.advanceTimersByTime(4_999)
  expect(sources).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(sources).toHaveLength(2)
  expect(heard).toEqual([false])
  stop()
  expect(sources[1]?.closed).toBe(true)
  vi.useRealTimers()
})
