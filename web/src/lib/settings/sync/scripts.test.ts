import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Session } from '#lib/sync/session.ts'
import { Scripts, SIEVE } from '#lib/settings/sync/scripts.ts'
import { expect, test } from 'vitest'

interface Call {
  name: string
  args: Record<string, unknown>
}

/** A server that answers each method with what is given, and records what it was asked. */
function scene(responses: Record<string, unknown[]>, uploaded: unknown = { blobId: 'b1' }) {
  const asked: [string, Record<string, unknown>][] = []
  const run = (calls: Call[]): Promise<unknown> => {
    const [{ name, args }] = calls as [Call]
    asked.push([name, args])
    return Promise.resolve({ get: () => responses[name]?.shift() ?? {} })
  }
  const client = {
    accountId: 'a',
    session: {
      accounts: { a: { accountCapabilities: { [SIEVE]: { sieveExtensions: ['fileinto'] } } } },
      uploadUrl: 'https://mail.test/jmap/upload/{accountId}/'
    },
    run,
    download: (_: unknown, read: (response: Response) => Promise<unknown>) => read(Response.json(uploaded)),
    downloadUrl: () => 'https://mail.test/blob'
  }
  const session = { client, ports: { origin: 'https://mail.test' }, connected: () => Promise.resolve() }
  return { scripts: new Scripts(session as unknown as Session), asked }
}

test('what the server’s Sieve can do is what it says of this account', () => {
  expect(scene({}).scripts.capability).toEqual({ sieveExtensions: ['fileinto'] })
})

test('a script is put in place only if no script was changed since it was read', async () => {
  const { scripts, asked } = scene({ 'SieveScript/set': [{ newState: '2' }] })
  await scripts.put({ id: 's', name: 'postroom', blobId: 'b' }, '1')
  expect(asked).toEqual([
    ['SieveScript/set', { ifInState: '1', update: { s: { blobId: 'b' } }, onSuccessActivateScript: 's' }]
  ])
})

test('a new script runs once it is made, and the other one gets its new name before (RFC 8620 §5.3)', async () => {
  const { scripts, asked } = scene({ 'SieveScript/set': [{ newState: '2' }, { newState: '3' }] })
  await scripts.put({ id: null, name: 'postroom', blobId: 'b', renamed: { id: 'o', name: 'postroom-1' } }, '1')
  expect(asked.map(([, args]) => args)).toEqual([
    { ifInState: '1', update: { o: { name: 'postroom-1' } } },
    { ifInState: '2', create: { new: { name: 'postroom', blobId: 'b' } }, onSuccessActivateScript: '#new' }
  ])
})

test('if the other one cannot be renamed, nothing is put in its place', async () => {
  const { scripts, asked } = scene({
    'SieveScript/set': [{ notUpdated: { o: { type: 'alreadyExists' } }, newState: '1' }]
  })
  const put = scripts.put({ id: null, name: 'postroom', blobId: 'b', renamed: { id: 'o', name: 'n' } }, '1')
  await expect(put).rejects.toMatchObject({ code: 'alreadyExists' })
  expect(asked).toHaveLength(1)
})

test('whatever the server does not take is a failure, and is never told as stored', async () => {
  for (const refused of [
    { notCreated: { new: { type: 'overQuota' } }, newState: '1' },
    { notUpdated: { s: { type: 'tooLarge' } }, newState: '1' }
  ]) {
    const { scripts } = scene({ 'SieveScript/set': [refused] })
    await expect(scripts.put({ id: 's', name: 'n', blobId: 'b' }, '1')).rejects.toThrow(JmapFailure)
  }
})

test('what is invalid is told with its line, and any other refusal is no mistake of the person', async () => {
  const invalid = { error: { type: 'invalidScript', description: 'line 2: unknown command' } }
  const { scripts } = scene({ 'SieveScript/validate': [{ error: null }, invalid, { error: { type: 'tooLarge' } }] })
  expect(await scripts.check('keep;')).toEqual({ blobId: 'b1', mistake: null })
  expect((await scripts.check('keep;\nkep;')).mistake).toMatchObject({ line: 2 })
  await expect(scripts.check('keep;')).rejects.toMatchObject({ code: 'tooLarge' })
})

test('a response to an upload without a blob is no script', async () => {
  for (const strange of [null, {}, { blobId: 7 }]) {
    await expect(scene({}, strange).scripts.check('keep;')).rejects.toThrow(JmapFailure)
  }
})

test('a script is activated without being written anew', async () => {
  const { scripts, asked } = scene({ 'SieveScript/set': [{ newState: '2' }] })
  await scripts.activate('s')
  expect(asked.map(([, args]) => args)).toEqual([{ onSuccessActivateScript: 's' }])
})
