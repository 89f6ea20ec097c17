import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Filter } from '#lib/sieve/filter.ts'
import { expect, test, vi } from 'vitest'
import type { Inside } from './inside.ts'
import { create, type SieveState } from './sieve-state.svelte.ts'

/** One script, at a server that answers when it is told to. */
const server = vi.hoisted(() => ({
  text: '',
  version: 0,
  isAway: false,
  reading: Promise.resolve()
}))

vi.mock('#lib/sync/identities.ts', () => ({
  identitiesOf: () => Promise.resolve([]),
  addressOf: () => '',
  onIdentities: () => undefined
}))
vi.mock('#lib/sync/scripts.ts', () => ({
  Scripts: class {
    readonly capability = { sieveExtensions: ['fileinto'] }
    #sent = ''

    all(): Promise<unknown> {
      if (server.isAway) return Promise.reject(new JmapFailure('mail_server_away'))
      const own = { id: 'S', name: 'postroom', blobId: `B${server.version}`, isActive: true }
      return Promise.resolve({ state: String(server.version), scripts: server.version === 0 ? [] : [own] })
    }

    async textOf(): Promise<string> {
      const { text } = server
      await server.reading
      return text
    }

    check(text: string): Promise<unknown> {
      this.#sent = text
      return Promise.resolve({ blobId: 'new', mistake: null })
    }

    put(): Promise<void> {
      server.text = this.#sent
      server.version += 1
      return Promise.resolve()
    }
  }
}))

async function opened(names: readonly string[]): Promise<SieveState> {
  Object.assign(server, { text: '', version: 0, isAway: false, reading: Promise.resolve() })
  const mailboxes = { byId: () => undefined, byRole: () => undefined }
  const account = { address: 'alice@example.com', connected: () => Promise.resolve() }
  const state = create({ mailboxes, account } as unknown as Inside)
  await state.load()
  await state.save(names.map(filterOf))
  return state
}

function filterOf(name: string): Filter {
  const condition = { field: 'from', test: 'is', value: `${name}@example.com`, header: '' } as const
  return {
    id: name,
    name,
    on: true,
    match: 'any',
    conditions: [condition],
    actions: [{ kind: 'read', value: '' }],
    stop: true
  }
}

const namesOf = ({ filters }: SieveState): string[] => filters.map(({ name }) => name)

test('what is changed while the last change is read again stays on screen, and is saved', async () => {
  const state = await opened(['First', 'Second'])
  const all = state.filters
  const reading = Promise.withResolvers<undefined>()
  server.reading = reading.promise
  const removed = state.save(all.slice(0, 1))
  await vi.waitUntil(() => server.version === 2)
  const back = state.save(all)
  reading.resolve(undefined)
  await removed
  expect(namesOf(state)).toEqual(['First', 'Second'])
  await back
  await state.load()
  expect(namesOf(state)).toEqual(['First', 'Second'])
})

test('after changes that all failed, the filters are those of the mail server', async () => {
  const state = await opened(['First', 'Second'])
  const all = state.filters
  server.isAway = true
  const outcomes = await Promise.all([state.save([]), state.save(all.slice(0, 1))])
  expect(outcomes).toEqual(['failed', 'failed'])
  expect(namesOf(state)).toEqual(['First', 'Second'])
})
