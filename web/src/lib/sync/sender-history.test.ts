import type { Email } from '#lib/jmap/types.ts'
import { historyIn, learnSenders } from '#lib/sync/sender-history.ts'
import type { Session } from '#lib/sync/session.ts'
import type { Settings, SettingsDocument } from '#lib/sync/settings.ts'
import { expect, test } from 'vitest'

const DAY = 86_400_000
const TODAY = 20_000

type Asked = { filter: Record<string, unknown>; limit: number }

/** An account with mail, and what the service keeps. `meanwhile`: another device writes between reading and writing. */
class Scene {
  readonly asked: Asked[] = []
  document: Settings = {}
  sent: Partial<Email>[] = []
  received: Partial<Email>[] = []
  mostInGet = 500
  roles = ['inbox', 'sent', 'junk', 'trash', 'drafts']
  meanwhile: () => void = () => undefined

  learn(isSuspicious: (address: string) => boolean = () => false): ReturnType<typeof learnSenders> {
    return learnSenders(this.#session(), this.#settings(), isSuspicious)
  }

  #session(): Session {
    const mailboxes = new Map(this.roles.map((role) => [role, { id: role, role }]))
    const run = (calls: { args: Asked }[]): Promise<unknown> => {
      const [{ args: asked }] = calls as [{ args: Asked }]
      this.asked.push(asked)
      const list = asked.filter['inMailbox'] === undefined ? this.received : this.sent
      return Promise.resolve({ get: () => ({ list }) })
    }
    const ports = { now: () => TODAY * DAY + 5 }
    const client = { limits: { maxObjectsInGet: this.mostInGet }, run }
    const known = { authservId: 'mx.example.org', objects: { mailboxes } }
    return { connected: () => Promise.resolve(), ...known, client, ports } as unknown as Session
  }

  #settings(): SettingsDocument {
    return {
      read: () => Promise.resolve(this.document),
      change: (change: (settings: Settings) => Settings) => {
        this.meanwhile()
        this.document = change(this.document)
        return Promise.resolve(this.document)
      }
    } as unknown as SettingsDocument
  }
}

const from = (email: string, day: number): Partial<Email> => ({
  from: [{ name: 'N', email }],
  to: [{ name: 'Me', email: 'me@x.de' }],
  receivedAt: new Date(day * DAY).toISOString()
})
const to = (email: string): Partial<Email> => ({ ...from('me@x.de', TODAY), to: [{ name: 'N', email }] })
const addresses = async (found: ReturnType<typeof learnSenders>): Promise<string[]> =>
  (await found).map(({ address }) => address)

test('known are those to whom the person wrote, and those who wrote on three days; the person is not', async () => {
  const scene = new Scene()
  scene.sent = [to('ann@x.de')]
  scene.received = [from('bob@x.de', 1), from('bob@x.de', 2), from('bob@x.de', 3), from('once@x.de', 3)]
  expect(await addresses(scene.learn())).toEqual(['ann@x.de', 'bob@x.de'])
})

test('nobody is known by mail in Spam, Trash, Sent or Drafts', async () => {
  const scene = new Scene()
  await scene.learn()
  expect(scene.asked.map(({ filter }) => filter)).toEqual([
    { inMailbox: 'sent' },
    { inMailboxOtherThan: ['sent', 'junk', 'trash', 'drafts'] }
  ])
})

test('no more mail is asked for than the mail server gives at once', async () => {
  const scene = new Scene()
  scene.mostInGet = 250
  await scene.learn()
  expect(scene.asked.map(({ limit }) => limit)).toEqual([200, 250])
})

test('a mailbox without a folder for sent mail is learnt from, too', async () => {
  const scene = new Scene()
  scene.roles = ['inbox']
  scene.received = [1, 2, 3].map((day) => from('bob@x.de', day))
  expect(await addresses(scene.learn())).toEqual(['bob@x.de'])
})

test('one device a day looks through the mail; the others take what it learnt', async () => {
  const scene = new Scene()
  scene.sent = [to('ann@x.de')]
  await scene.learn()
  expect(scene.asked).toHaveLength(2)
  scene.sent = [to('later@x.de')]
  expect(await addresses(scene.learn())).toEqual(['ann@x.de'])
  expect(scene.asked).toHaveLength(2)
})

test('what another device learnt meanwhile, and all other settings, are kept', async () => {
  const scene = new Scene()
  scene.document = { language: 'de' }
  scene.sent = [to('ann@x.de')]
  scene.meanwhile = () =>
    (scene.document = { ...scene.document, senders: { known: [['zoe@x.de', 'Zoe', 1, 9]], more: 1 } })
  expect(await addresses(scene.learn())).toEqual(['ann@x.de', 'zoe@x.de'])
  expect(scene.document).toMatchObject({ language: 'de', senders: { day: TODAY, more: 1 } })
  expect(historyIn(scene.document).map(({ address }) => address)).toEqual(['ann@x.de', 'zoe@x.de'])
})

test('whoever looks like somebody else is not learnt, however often they write', async () => {
  const scene = new Scene()
  scene.received = [1, 2, 3, 4].map((day) => from('bob@xx.de', day))
  expect(await addresses(scene.learn((address) => address === 'bob@xx.de'))).toEqual([])
})

test('what another program wrote in its place is no history', () => {
  for (const senders of [null, 'x', [], { known: 'x' }, { known: [1, ['a']] }])
    expect(historyIn({ senders })).toEqual([])
})

test.each([
  ['our server', 'mx.example.org; dmarc=pass header.from=harbour-bank.example', true],
  ['nobody', undefined, false],
  ['the sender alone', 'evil.example; dmarc=pass header.from=harbour-bank.example', false]
])('the name of an organisation that wrote once is its own if it was confirmed by %s', async (_, results, isOwn) => {
  const scene = new Scene()
  const from = [{ name: 'Harbour Bank', email: 'service@harbour-bank.example' }]
  const header = { 'header:Authentication-Results:all': results ? [results] : [] }
  scene.received = [{ from, receivedAt: '2026-01-01T00:00:00Z', ...header }]
  expect((await scene.learn()).map(({ organisation }) => organisation)).toEqual(isOwn ? [true] : [])
})
