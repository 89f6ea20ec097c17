/** A browser goes back a moment after it was asked to, and the page learns of it then. */
import type { BeforeNavigate } from '$app/navigation'
import { expect, test, vi } from 'vitest'
import { BackEntries } from './back-entries.svelte.ts'

function phone() {
  const did: string[] = []
  const navigated = vi.fn<() => Promise<void>>(() => Promise.resolve())
  const entries = new BackEntries({
    push: (over) => {
      did.push(`push ${String(over)}`)
      return Promise.resolve()
    },
    go: (by) => void did.push(`go ${String(by)}`),
    goto: navigated,
    close: () => void did.push('close')
  })
  /** The browser is at an entry of `depth` things over the page; of those that are open `windows` are windows of writing. */
  const at = async (depth: number, windows: number | null, isQuiet = true, layers = 0): Promise<string[]> => {
    entries.follow(depth, { windows, layers }, isQuiet)
    await Promise.resolve()
    return did.splice(0)
  }
  /** Whether a link that is pressed now waits. */
  const waits = (type = 'link', willUnload = false): boolean => {
    const cancel = vi.fn<() => void>()
    const to = { url: new URL('https://mail.test/mail/sent') }
    entries.hold({ type, to, willUnload, cancel } as unknown as BeforeNavigate)
    return cancel.mock.calls.length > 0
  }
  return { at, waits, navigated }
}

test('a window has an entry, and Back closes it', async () => {
  const { at, waits } = phone()
  expect(await at(0, null)).toEqual([])
  expect(await at(0, 1)).toEqual(['push 1'])
  expect(await at(1, 1)).toEqual([])
  expect(await at(0, 1)).toEqual(['close'])
  expect(await at(0, 0)).toEqual([])
  expect(waits()).toBe(false)
})

test('all that lies over the page has an entry, before it is known whether there are windows', async () => {
  const { at } = phone()
  expect(await at(0, null, true, 1)).toEqual(['push 1'])
  expect(await at(1, null, true, 1)).toEqual([])
  expect(await at(0, null, true, 1)).toEqual(['close'])
  expect(await at(0, null)).toEqual([])
})

test('a drawer that is closed in another way takes its entry along, before it is known whether there are windows', async () => {
  const { at } = phone()
  expect(await at(0, null, true, 1)).toEqual(['push 1'])
  expect(await at(1, null, true, 1)).toEqual([])
  expect(await at(1, null)).toEqual(['go -1'])
  expect(await at(0, null)).toEqual([])
})

test('after a reload the entry of what is not there again is gone back from, once it is known that no window is', async () => {
  const { at } = phone()
  expect(await at(1, null)).toEqual([])
  expect(await at(1, 0)).toEqual(['go -1'])
  expect(await at(0, 0)).toEqual([])
})

test('Back closes what is open over a window first, and the window keeps its entry', async () => {
  const { at } = phone()
  await at(0, 1)
  expect(await at(1, 1, true, 1)).toEqual(['push 2'])
  expect(await at(2, 1, true, 1)).toEqual([])
  expect(await at(1, 1, true, 1)).toEqual(['close'])
  expect(await at(1, 1)).toEqual([])
  expect(await at(0, 1)).toEqual(['close'])
})

test('a menu that is opened after a reload, before its window is there again, has an entry above that of the window', async () => {
  const { at } = phone()
  expect(await at(1, null)).toEqual([])
  expect(await at(1, null, true, 1)).toEqual(['push 2'])
  expect(await at(2, 1, true, 1)).toEqual([])
  expect(await at(1, 1, true, 1)).toEqual(['close'])
})

test('a window over which another page is opened stays, with an entry there', async () => {
  const { at, waits } = phone()
  await at(0, 1)
  await at(1, 1)
  expect(waits('goto')).toBe(false)
  expect(await at(0, 1)).toEqual(['push 1'])
  expect(await at(1, 1)).toEqual([])
  expect(await at(0, 1)).toEqual(['close'])
})

test('of two windows Back closes one', async () => {
  const { at } = phone()
  await at(0, 1)
  expect(await at(1, 2)).toEqual(['push 2'])
  await at(2, 2)
  expect(await at(1, 2)).toEqual(['close'])
  expect(await at(1, 1)).toEqual([])
  expect(await at(0, 1)).toEqual(['close'])
})

test('a window that is closed in another way takes its entry along, before any link leads on', async () => {
  const { at, waits, navigated } = phone()
  await at(0, 1)
  await at(1, 1)
  expect(await at(1, 0)).toEqual(['go -1'])
  expect([waits('popstate'), waits()]).toEqual([false, true])
  expect(navigated).not.toHaveBeenCalled()
  expect(await at(0, 0)).toEqual([])
  await Promise.resolve()
  expect(navigated).toHaveBeenCalledTimes(1)
  expect(waits()).toBe(false)
})

test('one that is opened while the browser goes back gets an entry afterwards, and stays', async () => {
  const { at } = phone()
  await at(0, 1)
  await at(1, 1)
  await at(1, 0)
  expect(await at(1, 1)).toEqual([])
  expect(await at(0, 1)).toEqual(['push 1'])
})

test('who comes to the entry of a closed window by Forward goes back from it', async () => {
  const { at } = phone()
  await at(0, 0)
  expect(await at(1, 0)).toEqual(['go -1'])
  expect(await at(0, 0)).toEqual([])
})

test('after a reload the window that is there again has its entry still, and Back closes it', async () => {
  const { at } = phone()
  expect(await at(1, null)).toEqual([])
  expect(await at(1, 1)).toEqual([])
  expect(await at(0, 1)).toEqual(['close'])
})

test('who leaves for another site while the browser goes back is not kept', async () => {
  const { at, waits } = phone()
  await at(0, 1)
  await at(1, 1)
  await at(1, 0)
  expect(waits('link', true)).toBe(false)
})

test('an entry that is on its way is not asked for again', async () => {
  const { at } = phone()
  expect((await Promise.all([at(0, 1), at(0, 1)])).flat()).toEqual(['push 1'])
})

test('the patience with one way back ends no other one', async () => {
  vi.useFakeTimers()
  const { at, waits } = phone()
  for (const pause of [900, 200]) {
    await at(0, 1)
    await at(1, 1)
    expect(await at(1, 0)).toEqual(['go -1'])
    if (pause === 900) await at(0, 0)
    await vi.advanceTimersByTimeAsync(pause)
  }
  expect(waits()).toBe(true)
  vi.useRealTimers()
})

test('while the page is on its way elsewhere nothing is done', async () => {
  const { at } = phone()
  expect(await at(0, 1, false)).toEqual([])
  expect(await at(0, 1)).toEqual(['push 1'])
})

test('a browser that does not go back keeps no link away for long', async () => {
  vi.useFakeTimers()
  const { at, waits, navigated } = phone()
  await at(0, 1)
  await at(1, 1)
  await at(1, 0)
  expect(waits()).toBe(true)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(navigated).toHaveBeenCalledTimes(1)
  expect(waits()).toBe(false)
  vi.useRealTimers()
})

test('a browser that goes back late closes nothing that was opened meanwhile', async () => {
  vi.useFakeTimers()
  const { at } = phone()
  await at(0, 1)
  await at(1, 1, true, 1)
  await at(2, 1, true, 1)
  expect(await at(2, 1)).toEqual(['go -1'])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await at(2, 1)).toEqual([])
  expect(await at(2, 1, true, 1)).toEqual([])
  expect(await at(1, 1, true, 1)).toEqual(['push 2'])
  expect(await at(2, 1, true, 1)).toEqual([])
  expect(await at(1, 1, true, 1)).toEqual(['close'])
  vi.useRealTimers()
})
