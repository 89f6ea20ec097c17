// @vitest-environment jsdom
import '../../../tests/device.ts'
import { SIEVE } from '#lib/sync/scripts.ts'
import { SieveState } from '#lib/state/sieve-state.svelte.ts'
import type { Filter } from '#lib/sieve/filter.ts'
import type { Inside } from '#lib/state/inside.ts'
import { JmapFailure } from '#lib/jmap/errors.ts'
import { identitiesOf, tellOfIdentities } from '#lib/sync/identities.ts'
import { expect, test, vi } from 'vitest'

interface Script {
  id: string
  name: string
  blobId: string
  isActive: boolean
}

/** A server's scripts; `text` of each is its blob. */
class Server {
  scripts: Script[] = []
  state = 1
  capability: object | null = { sieveExtensions: ['fileinto', 'imap4flags', 'vacation', 'date', 'relational'] }
  mistake: string | null = null
  down = false
  /** of the next change: it is made, and nobody hears of it */
  isAnswerLost = false
  /** of the list of scripts */
  reads = 0
  /** null: it does not answer */
  identities: { id: string; email: string }[] | null = []
  readonly blobs = new Map<string, string>()
  readonly reported: unknown[] = []
  /** another device's change, once: between the look at the scripts and the change of this page */
  meanwhile: (() => unknown) | null = null
  #made = 0

  put(name: string, text: string, isActive: boolean): Script {
    const script = { id: this.#id(), name, blobId: this.blob(text), isActive }
    this.scripts = [...this.scripts.filter((one) => one.name !== name), script]
    this.state += 1
    return script
  }

  blob(text: string): string {
    const id = `b${String(this.blobs.size)}`
    this.blobs.set(id, text)
    return id
  }

  #id(): string {
    this.#made += 1
    return `s${String(this.#made)}`
  }

  /** of the one that runs */
  get running(): string | undefined {
    const active = this.scripts.find(({ isActive }) => isActive)
    return active && this.blobs.get(active.blobId)
  }

  inside(): Inside {
    const session = { accounts: { a: { accountCapabilities: { [SIEVE]: this.capability } } }, uploadUrl: 'https://m/u' }
    const account = {
      address: 'me@example.org',
      connected: () => Promise.resolve(),
      ports: {
        origin: 'https://m',
        unique: () => 'u'.repeat(20),
        report: (mistake: unknown) => this.reported.push(mistake)
      },
      client: {
        session,
        accountId: 'a',
        downloadUrl: ({ blobId }: Script) => blobId,
        download: (url: string, read: (response: Response) => unknown, init?: { body: Blob }) =>
          init ? this.#upload(init.body, read) : read(new Response(this.blobs.get(url) ?? '')),
        run: ([{ name, args }]: [{ name: string; args: Record<string, unknown> }]) => this.#run(name, args)
      }
    }
    const mailboxes = { byId: () => undefined, byRole: () => undefined }
    return { account, mailboxes } as unknown as Inside
  }

  async #upload(body: Blob, read: (response: Response) => unknown): Promise<unknown> {
    const text = await new Promise<string>((resolve) => {
      const reader = new FileReader()
      reader.onload = () => resolve(reader.result as string)
      reader.readAsText(body)
    })
    return read(Response.json({ blobId: this.blob(text) }))
  }

  #run(name: string, args: Record<string, unknown>): Promise<unknown> {
    if (this.down) return Promise.reject(new JmapFailure('mail_server_away', { transient: true }))
    if (name === 'Identity/get')
      return this.identities
        ? given({ state: '1', list: this.identities })
        : Promise.reject(new JmapFailure('mail_server_away', { transient: true }))
    if (name === 'SieveScript/get') this.reads += 1
    if (name === 'SieveScript/get')
      return given({ state: String(this.state), list: this.scripts.map((one) => ({ ...one })) })
    if (name === 'SieveScript/validate')
      return given({ error: this.mistake && { type: 'invalidScript', description: this.mistake } })
    if (name === 'SieveScript/set') return this.#set(args)
    return given({ list: [] })
  }

  #set(args: Record<string, unknown>): Promise<unknown> {
    const { meanwhile } = this
    this.meanwhile = null
    meanwhile?.()
    const {
      ifInState,
      create,
      update,
      onSuccessActivateScript: active
    } = args as {
      ifInState?: string
      create?: Record<string, Script>
      update?: Record<string, Partial<Script>>
      onSuccessActivateScript?: string
    }
    if (ifInState !== undefined && ifInState !== String(this.state))
      return Promise.reject(new JmapFailure('stateMismatch'))
    for (const [id, change] of Object.entries(update ?? {}))
      this.scripts = this.scripts.map((one) => (one.id === id ? { ...one, ...change } : one))
    for (const made of Object.values(create ?? {})) this.scripts.push({ ...made, id: this.#id(), isActive: false })
    const runs = active === '#new' ? this.scripts.at(-1)?.id : active
    if (runs !== undefined) this.scripts = this.scripts.map((one) => ({ ...one, isActive: one.id === runs }))
    this.state += 1
    if (this.isAnswerLost) {
      this.isAnswerLost = false
      return Promise.reject(new JmapFailure('mail_server_broke_off', { transient: true }))
    }
    return given({ newState: String(this.state) })
  }
}

function given(response: object): Promise<unknown> {
  return Promise.resolve({ get: () => response })
}

const STAR: Filter = {
  id: 'f1',
  name: 'Orders',
  on: true,
  match: 'any',
  conditions: [{ field: 'subject', test: 'contains', value: 'order', header: '' }],
  actions: [{ kind: 'star', value: '' }],
  stop: false
}

async function loaded(server = new Server()): Promise<{ server: Server; state: SieveState }> {
  const state = new SieveState(server.inside())
  await state.load()
  return { server, state }
}

test('without Sieve on the mail server there are no filters at all', async () => {
  const server = new Server()
  server.capability = null
  expect((await loaded(server)).state.phase).toBe('missing')
})

test('filters that are saved run, and are found again by another page', async () => {
  const { server, state } = await loaded()
  expect(await state.save([STAR])).toBe('saved')
  expect(server.running).toContain('addflag')
  expect((await loaded(server)).state.filters).toEqual([STAR])
})

test('what another device changed meanwhile is not overwritten, until the person says which holds', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  const other = (await loaded(server)).state
  await other.save([{ ...STAR, name: 'Theirs' }])
  expect(await state.save([{ ...STAR, name: 'Mine' }])).toBe('conflict')
  expect(server.running).toContain('Theirs')
  expect(state.conflict?.map(({ name }) => name)).toEqual(['Mine'])
  expect(await state.settle(true)).toBe('saved')
  expect(server.running).toContain('Mine')
  expect(state.conflict).toBeNull()
})

test('giving way to the other device shows its filters', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  await (await loaded(server)).state.save([{ ...STAR, name: 'Theirs' }])
  await state.save([{ ...STAR, name: 'Mine' }])
  await state.settle(false)
  expect(state.filters.map(({ name }) => name)).toEqual(['Theirs'])
})

test('a script of another program goes on running and is shown as text; ours begins only when it is asked for', async () => {
  const server = new Server()
  server.put('mine', 'keep;', true)
  const { state } = await loaded(server)
  expect([state.other?.text, state.filters]).toEqual(['keep;', []])
  expect(server.running).toBe('keep;')
  await state.begin()
  expect(server.running).toContain('Postroom')
  expect(server.scripts.find(({ name }) => name === 'mine')).toMatchObject({ isActive: false })
})

test('what somebody wrote by hand under our name is kept under another one', async () => {
  const server = new Server()
  server.put('postroom', 'redirect "a@example.net";', true)
  const { state } = await loaded(server)
  expect(state.other?.byHand).toBe(true)
  await state.begin()
  const kept = server.scripts.find(({ name }) => name === 'postroom-1')
  expect(server.blobs.get(kept?.blobId ?? '')).toBe('redirect "a@example.net";')
  expect(server.running).toContain('Postroom')
})

test('a script with a mistake replaces nothing, and its line is told', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  const before = server.running
  server.mistake = 'line 1: unknown command'
  expect(await state.saveText('kep;')).toBe('mistake')
  expect([server.running, state.mistake?.line]).toEqual([before, 1])
})

test('a change that could not be stored is on screen no more, and why is told', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  server.down = true
  expect(await state.save([])).toBe('failed')
  expect([state.filters, state.trouble?.code, state.isSaving]).toEqual([[STAR], 'mail_server_away', false])
  expect(server.reported).toEqual([])
})

test('two changes in a row are stored one after the other, and the last one stays on screen', async () => {
  const { server, state } = await loaded()
  const [first, second] = [state.save([STAR]), state.save([{ ...STAR, name: 'Second' }])]
  expect(state.filters[0]?.name).toBe('Second')
  expect(await Promise.all([first, second])).toEqual(['saved', 'saved'])
  expect([state.filters[0]?.name, server.running?.includes('Second')]).toEqual(['Second', true])
})

test('absence and filters are one script: neither loses the other', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  await state.saveAbsence({ on: true, from: null, to: null, subject: 'Away', text: 'Back on Monday' })
  expect([server.running?.includes('vacation'), server.running?.includes('addflag')]).toEqual([true, true])
  await state.save([])
  expect(server.running).toContain('vacation')
})

const AWAY = { on: true, from: null, to: null, subject: 'Away', text: 'Back on Monday' }

test('a reply is never written without the addresses of the person: mail to an alias would get none', async () => {
  const server = new Server()
  server.identities = [{ id: 'i', email: 'Alias@example.org' }]
  await (await loaded(server)).state.saveAbsence(AWAY)
  expect(server.running).toContain('"alias@example.org"')
  const before = server.running
  server.identities = null
  const { state } = await loaded(server)
  expect(await state.save([STAR])).toBe('failed')
  expect([server.running, state.phase, state.trouble?.code]).toEqual([before, 'ready', 'mail_server_away'])
  server.identities = [{ id: 'i', email: 'alias@example.org' }]
  expect(await state.save([STAR])).toBe('saved')
  expect([server.running?.includes('"alias@example.org"'), server.running?.includes('addflag')]).toEqual([true, true])
})

test('filters without a reply need no addresses', async () => {
  const server = new Server()
  server.identities = null
  const { state } = await loaded(server)
  expect(await state.save([STAR])).toBe('saved')
})

test('a new address of the person is replied for at once', async () => {
  const server = new Server()
  const inside = server.inside()
  const state = new SieveState(inside)
  await state.load()
  await state.saveAbsence(AWAY)
  server.identities = [{ id: 'i', email: 'new@example.org' }]
  await identitiesOf(inside.account, true)
  tellOfIdentities(inside.account)
  await vi.waitFor(() => expect(server.running).toContain('"new@example.org"'))
  await vi.waitFor(() => expect(state.isSaving).toBe(false))
  expect(state.absence).toEqual(AWAY)
})

test('a new address writes no script where no reply of ours runs', async () => {
  const server = new Server()
  const mine = server.put('mine', 'keep;', true)
  const inside = server.inside()
  const state = new SieveState(inside)
  await state.load()
  const [before, reads] = [server.state, server.reads]
  server.identities = [{ id: 'i', email: 'new@example.org' }]
  await identitiesOf(inside.account, true)
  tellOfIdentities(inside.account)
  await vi.waitFor(() => expect(server.reads).toBeGreaterThan(reads))
  // It waits for its turn, behind what the new address would write.
  await state.use(mine.id)
  expect([server.state, server.running]).toEqual([before + 1, 'keep;'])
})

test('a change whose answer is lost is found at the mail server: neither refused nor the work of another device', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  server.isAnswerLost = true
  expect(await state.save([])).toBe('saved')
  expect([state.filters, state.conflict]).toEqual([[], null])
})

test('what the mail server has already, though nobody heard of it, is saved and not a change by another device', async () => {
  const server = new Server()
  const { state } = await loaded(server)
  await state.save([STAR])
  const away = await loaded(server)
  await away.state.save([])
  expect(await state.save([])).toBe('saved')
  expect(state.conflict).toBeNull()
})

test('a text that was changed elsewhere is told once, and saved by the next try', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  await (await loaded(server)).state.save([{ ...STAR, name: 'Theirs' }])
  expect(await state.saveText('keep;')).toBe('conflict')
  expect([state.conflict, server.running?.includes('Theirs')]).toEqual([null, true])
  expect(await state.saveText('keep;', true)).toBe('saved')
  expect(server.running).toBe('keep;')
})

test('a text that was changed elsewhere stays where it is written, until the person says which holds', async () => {
  const server = new Server()
  server.put('postroom', 'keep;', true)
  const { state } = await loaded(server)
  const { other } = state
  await (await loaded(server)).state.begin()
  expect(await state.saveText('discard;')).toBe('conflict')
  expect(state.other).toBe(other)
  expect(await state.saveText('discard;', true)).toBe('saved')
  expect(server.running).toBe('discard;')
})

test('a filter that was deleted elsewhere stays, where it is changed as text', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  await (await loaded(server)).state.save([])
  expect(await state.saveText('keep;')).toBe('conflict')
  expect(state.filters).toEqual([STAR])
})

test('after a text was told of a change elsewhere, filters are not saved over that change', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  await (await loaded(server)).state.save([{ ...STAR, name: 'Theirs' }])
  await state.saveText('keep;')
  expect(await state.save([{ ...STAR, name: 'Mine' }])).toBe('conflict')
  expect(await state.saveText('keep;')).toBe('conflict')
  expect(server.running).toContain('Theirs')
})

test('a text that was changed elsewhere once more is told once more', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  const other = (await loaded(server)).state
  await other.save([])
  expect(await state.saveText('keep;')).toBe('conflict')
  await other.save([{ ...STAR, name: 'Theirs' }])
  expect(await state.saveText('keep;', true)).toBe('conflict')
  expect(server.running).toContain('Theirs')
})

test('a text that meets a change while it is stored asks nothing of the filters', async () => {
  const { server, state } = await loaded()
  server.meanwhile = () => server.put('postroom', 'keep;', true)
  expect(await state.saveText('discard;')).toBe('conflict')
  expect([state.conflict, server.running]).toEqual([null, 'keep;'])
})

test('filters that meet a change while they are stored are asked about, and again if that meets one', async () => {
  const { server, state } = await loaded()
  const theirs = (): unknown => server.put('postroom', 'keep;', true)
  server.meanwhile = theirs
  expect(await state.save([STAR])).toBe('conflict')
  expect([state.conflict, state.filters]).toEqual([[STAR], []])
  server.meanwhile = theirs
  expect(await state.settle(true)).toBe('conflict')
  expect(state.conflict).toEqual([STAR])
})

test('a reply that meets a change from elsewhere leaves no question among the filters', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  await (await loaded(server)).state.save([{ ...STAR, name: 'Theirs' }])
  expect(await state.saveAbsence(AWAY)).toBe('conflict')
  expect(state.conflict).toBeNull()
  await state.load()
  expect(await state.saveAbsence(AWAY)).toBe('saved')
  expect([server.running?.includes('Theirs'), server.running?.includes('vacation')]).toEqual([true, true])
})

test('a reply that meets the same change as a filter before it leaves the question of that filter', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  await (await loaded(server)).state.save([{ ...STAR, name: 'Theirs' }])
  const both = [state.save([{ ...STAR, name: 'Mine' }]), state.saveAbsence(AWAY)]
  expect(await Promise.all(both)).toEqual(['conflict', 'conflict'])
  expect(state.conflict?.map(({ name }) => name)).toEqual(['Mine'])
})

test('what was wanted is still asked about if it could not be put in place of the other change', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  await (await loaded(server)).state.save([{ ...STAR, name: 'Theirs' }])
  await state.save([{ ...STAR, name: 'Mine' }])
  server.down = true
  expect(await state.settle(true)).toBe('failed')
  expect(state.conflict?.map(({ name }) => name)).toEqual(['Mine'])
})
