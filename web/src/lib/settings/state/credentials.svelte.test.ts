import { expect, test } from 'vitest'
import type { Collection } from '#lib/accounts/collection.ts'
import { failed, type Outcome } from '#lib/accounts/service.ts'
import { Credentials, NEW } from './credentials.svelte.ts'

interface Item {
  readonly id: string
}
interface Made extends Item {
  readonly secret: string
}

/** A service with devices: each of `failures` is the outcome of one change. */
class Service implements Collection<Item, string, Made> {
  items: Item[] = [{ id: 'a' }]
  failures: { code: string; isDone?: boolean }[] = []
  isAway = false
  asked: string[] = []

  list(): Promise<Outcome<{ items: Item[]; limit: null }>> {
    return Promise.resolve(this.isAway ? failed('no_response') : { value: { items: [...this.items], limit: null } })
  }

  make(id: string): Promise<Outcome<Made>> {
    this.asked.push(id)
    const failure = this.failures.shift()
    if (!failure || failure.isDone) this.items.push({ id })
    return Promise.resolve(failure ? failed(failure.code) : { value: { id, secret: `of ${id}` } })
  }

  remove(id: string): Promise<Outcome<unknown>> {
    const failure = this.failures.shift()
    if (!failure || failure.isDone) this.items = this.items.filter((item) => item.id !== id)
    return Promise.resolve(failure ? failed(failure.code) : { value: null })
  }
}

function listOf(
  service: Service,
  confirms: boolean[] = []
): { list: Credentials<Item, string, Made>; left: boolean[] } {
  return { list: new Credentials(service, () => Promise.resolve(confirms.shift() ?? false)), left: confirms }
}

test('what is made is shown with its secret until the person has kept it', async () => {
  const { list } = listOf(new Service())
  await list.load()
  expect(await list.make('b')).toBe(true)
  expect([list.made, list.items]).toEqual([{ id: 'b', secret: 'of b' }, [{ id: 'a' }, { id: 'b' }]])
  list.forget()
  expect(list.made).toBeNull()
})

test('a sign-in that is asked for is done, and the same thing is made', async () => {
  const service = new Service()
  service.failures = [{ code: 'fresh_login_required' }]
  const { list } = listOf(service, [true])
  expect(await list.make('b')).toBe(true)
  expect(service.asked).toEqual(['b', 'b'])
})

test('whoever does not confirm who they are keeps what they typed, without a reproach', async () => {
  const service = new Service()
  service.failures = [{ code: 'fresh_login_required' }]
  const { list } = listOf(service, [false])
  expect(await list.make('b')).toBe(false)
  expect([list.made, list.refused, list.busy]).toEqual([null, null, null])
})

test('a sign-in is asked for once: a service that is never content does not ask without end', async () => {
  const service = new Service()
  service.failures = [{ code: 'fresh_login_required' }, { code: 'fresh_login_required' }]
  const { list, left } = listOf(service, [true, true])
  expect(await list.make('b')).toBe(false)
  expect(left).toEqual([true])
})

test('one that was made although its response was lost is in the list, and its loss is told', async () => {
  const service = new Service()
  service.failures = [{ code: 'no_response', isDone: true }]
  const { list } = listOf(service)
  expect(await list.make('b')).toBe(false)
  expect(list.items).toContainEqual({ id: 'b' })
  expect(list.refused).toEqual({ about: NEW, failure: { code: 'no_response', detail: '' } })
})

test('what was known stays while it cannot be read', async () => {
  const service = new Service()
  const { list } = listOf(service)
  await list.load()
  service.isAway = true
  await list.load()
  expect([list.items, list.unread?.code]).toEqual([[{ id: 'a' }], 'no_response'])
  service.isAway = false
  await list.load()
  expect(list.unread).toBeNull()
})

test.each([
  ['taken away', undefined, true],
  ['gone before', { code: 'unknown', isDone: true }, true],
  ['refused', { code: 'mail_server_away' }, false]
])('one that is %s', async (_, failure, isGone) => {
  const service = new Service()
  const { list } = listOf(service)
  await list.load()
  if (failure) service.failures = [failure]
  expect(await list.remove('a')).toBe(isGone)
  expect([list.items, list.refused?.about ?? null]).toEqual(isGone ? [[], null] : [[{ id: 'a' }], 'a'])
})

test('a secret that is revoked is not shown any longer', async () => {
  const { list } = listOf(new Service())
  await list.make('b')
  await list.remove('b')
  expect(list.made).toBeNull()
})

test('one change at a time: a second press makes no second one', async () => {
  const service = new Service()
  const { list } = listOf(service)
  const done = await Promise.all([list.make('b'), list.make('c')])
  expect([done, service.asked]).toEqual([[true, false], ['b']])
})
