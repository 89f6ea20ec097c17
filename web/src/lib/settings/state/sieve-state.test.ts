// @vitest-environment jsdom
import '../../../../tests/device.ts'
import { SieveState } from '#lib/settings/state/sieve-state.svelte.ts'
import { identitiesOf } from '#lib/writing/sync/identities.ts'
import { expect, test, vi } from 'vitest'
import { loaded, ScriptServer, STAR } from '../../../../tests/script-server.ts'

test('without Sieve on the mail server there are no filters at all', async () => {
  const server = new ScriptServer()
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
  expect(await state.resolveConflict(true)).toBe('saved')
  expect(server.running).toContain('Mine')
  expect(state.conflict).toBeNull()
})

test('giving way to the other device shows its filters', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  await (await loaded(server)).state.save([{ ...STAR, name: 'Theirs' }])
  await state.save([{ ...STAR, name: 'Mine' }])
  await state.resolveConflict(false)
  expect(state.filters.map(({ name }) => name)).toEqual(['Theirs'])
})

test('a script of another program goes on running and is shown as text; ours begins only when it is asked for', async () => {
  const server = new ScriptServer()
  server.put('mine', 'keep;', true)
  const { state } = await loaded(server)
  expect([state.other?.text, state.filters]).toEqual(['keep;', []])
  expect(server.running).toBe('keep;')
  await state.begin()
  expect(server.running).toContain('Postroom')
  expect(server.scripts.find(({ name }) => name === 'mine')).toMatchObject({ isActive: false })
})

test('what somebody wrote by hand under our name is kept under another one', async () => {
  const server = new ScriptServer()
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

test('what is changed while the last change is read again stays on screen, and is saved', async () => {
  const { server, state } = await loaded()
  const all = [STAR, { ...STAR, id: 'f2', name: 'Second' }]
  await state.save(all)
  const reading = Promise.withResolvers<undefined>()
  server.reading = reading.promise
  const removed = state.save([STAR])
  await vi.waitFor(() => expect(server.running).not.toContain('Second'))
  const back = state.save(all)
  reading.resolve(undefined)
  await removed
  expect(state.filters).toEqual(all)
  await back
  await state.load()
  expect(state.filters).toEqual(all)
})

test('after changes that all failed, the filters are those of the mail server', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  server.down = true
  expect(await Promise.all([state.save([]), state.save([STAR, STAR])])).toEqual(['failed', 'failed'])
  expect(state.filters).toEqual([STAR])
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
  const server = new ScriptServer()
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
  const server = new ScriptServer()
  server.identities = null
  const { state } = await loaded(server)
  expect(await state.save([STAR])).toBe('saved')
})

test('a new address of the person is replied for at once', async () => {
  const server = new ScriptServer()
  const context = server.context()
  const state = new SieveState(context)
  await state.load()
  await state.saveAbsence(AWAY)
  server.identities = [{ id: 'i', email: 'new@example.org' }]
  await identitiesOf(context.session, true)
  context.session.tell('identities')
  await vi.waitFor(() => expect(server.running).toContain('"new@example.org"'))
  await vi.waitFor(() => expect(state.isSaving).toBe(false))
  expect(state.absence).toEqual(AWAY)
})

test('a new address writes no script where no reply of ours runs', async () => {
  const server = new ScriptServer()
  const context = server.context()
  const state = new SieveState(context)
  await state.load()
  await state.saveAbsence(AWAY)
  const mine = server.put('mine', 'keep;', true)
  const [before, reads] = [server.state, server.reads]
  server.identities = [{ id: 'i', email: 'new@example.org' }]
  await identitiesOf(context.session, true)
  context.session.tell('identities')
  await vi.waitFor(() => expect(server.reads).toBeGreaterThan(reads))
  // It waits for its turn, behind what the new address would write.
  await state.use(mine.id)
  expect([server.state, server.running]).toEqual([before + 1, 'keep;'])
})

test('a change whose response is lost is found at the mail server: neither refused nor the work of another device', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  server.isResponseLost = true
  expect(await state.save([])).toBe('saved')
  expect([state.filters, state.conflict]).toEqual([[], null])
})

test('what the mail server has already, though nobody heard of it, is saved and not a change by another device', async () => {
  const server = new ScriptServer()
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
  const server = new ScriptServer()
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
  expect(await state.resolveConflict(true)).toBe('conflict')
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
  expect(await state.resolveConflict(true)).toBe('failed')
  expect(state.conflict?.map(({ name }) => name)).toEqual(['Mine'])
})

test('filters that another program switched off are not said to run, and run again when the person wants', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  await state.saveAbsence(AWAY)
  expect(state.inactive).toBe('nothing')
  server.scripts = server.scripts.map((one) => ({ ...one, isActive: false }))
  await state.load()
  expect(state.inactive).toBe('all')
  expect(await state.save(state.filters)).toBe('saved')
  expect([state.inactive, server.running?.includes('vacation')]).toEqual(['nothing', true])
})

test('filters rest while the reply of another program runs in their place', async () => {
  const { server, state } = await loaded()
  await state.save([STAR])
  server.scripts = server.scripts.map((one) => ({ ...one, isActive: false }))
  server.put('vacation', '', true)
  await state.load()
  expect(state.inactive).toBe('filters')
})

test('what is stored and does not run is said to rest', async () => {
  const { server, state } = await loaded()
  server.isIdle = true
  expect(await state.save([STAR])).toBe('saved')
  expect([state.inactive, state.filters]).toEqual(['all', [STAR]])
})
