import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import { browser, pass, received, tab, within, type Browser, type SendingTab } from './sending-scene.ts'

interface Story {
  readonly scene: Browser
  readonly one: SendingTab
  readonly id: string
}

/** A message is written, and Send is pressed. */
async function sending(values: Parameters<SendingTab['write']>[0] = {}, scene = browser(), at?: Date): Promise<Story> {
  const one = await tab(scene)
  const id = await one.write(values)
  await one.sendings.send(id, at ? { at } : {})
  return { scene, one, id }
}

/** Where it lies, and who has it. */
function places(scene: Browser): Record<string, unknown> {
  return { drafts: within(scene, 'drafts'), sent: within(scene, 'sent'), received: received(scene) }
}

const ONE_SENT = { drafts: [], sent: ['Pallets'], received: ['Pallets'] }
const ONE_DRAFT = { drafts: ['Pallets'], sent: [], received: [] }

describe('a message that is sent', () => {
  test('leaves once, and lies in Sent alone; this device keeps nothing of it', async () => {
    const { scene, one } = await sending()
    await pass(scene, 15_000)
    expect([places(scene), one.told, one.drafts.all()]).toEqual([ONE_SENT, ['sent Pallets'], []])
    expect(scene.server.emails.size).toBe(1)
    expect(scene.world.mistakes).toEqual([])
  })

  test('is held by the mail server as long as it can be undone, and leaves though the tab is closed', async () => {
    const { scene, one } = await sending()
    await pass(scene, 2_000)
    expect(one.sendings.outgoing).toMatchObject([{ needs: null, scheduled: false, to: [{ name: 'Ann' }] }])
    one.kill()
    await pass(scene, 8_000)
    expect(received(scene)).toEqual([])
    await pass(scene, 5_000)
    expect(received(scene)).toEqual(['Pallets'])
  })

  test('goes to each recipient once, also to those in Bcc, whom only its writer sees', async () => {
    const to = [{ name: '', address: 'Ann@Example.net' }]
    const cc = [{ name: 'Ann', address: 'ann@example.net' }]
    const bcc = [
      { name: '', address: 'jörg@bücher.example' },
      { name: '', address: 'eva@bücher.example' }
    ]
    const { scene } = await sending({ to, cc, bcc })
    await pass(scene, 15_000)
    expect(scene.server.sending.delivered.map(({ rcptTo }) => rcptTo)).toEqual([
      ['ann@example.net', 'jörg@bücher.example', 'eva@xn--bcher-kva.example']
    ])
    const [kept] = [...scene.server.emails.values()]
    expect(kept).toMatchObject({ bcc: [{}, {}] })
  })

  test('marks the message that it replies to once it has left, and not before', async () => {
    const parent = { kind: 'reply', emailId: 'e9', messageId: ['9@x'], references: [] } as const
    const { scene, one } = await sending({ parent })
    await pass(scene, 9_000)
    expect(one.answered).toEqual([])
    await pass(scene, 5_000)
    expect(one.answered).toEqual(['reply e9'])
  })

  test('waits for the connection, and goes by itself, also after a reload', async () => {
    const { scene, one } = await (async () => {
      const offline = browser()
      const first = await tab(offline)
      offline.server.interrupt = () => {
        throw new TypeError('offline')
      }
      const id = await first.write()
      await first.sendings.send(id)
      return { scene: offline, one: first }
    })()
    await pass(scene, 20_000)
    expect(one.sendings.outgoing).toMatchObject([{ needs: 'connection' }])
    one.kill()
    scene.server.interrupt = () => null
    const next = await tab(scene)
    await pass(scene, 15_000)
    expect([places(scene), next.told]).toEqual([ONE_SENT, ['sent Pallets']])
  })

  test('is told to wait for it from the first moment, where it is known to be missing', async () => {
    const scene = browser()
    const one = await tab(scene)
    const id = await one.write()
    const { after } = one.session.ports
    scene.server.interrupt = () => new Promise((_, reject) => void after(300, () => reject(new TypeError('offline'))))
    void one.loop.hint()
    await pass(scene, 10_000)
    await one.sendings.send(id)
    await pass(scene, 100)
    expect(one.sendings.outgoing).toMatchObject([{ needs: 'connection' }])
    await pass(scene, 10_000)
    expect(one.sendings.outgoing).toMatchObject([{ needs: 'connection' }])
  })

  test('can be undone for the rest of the time when the connection is back, and not for all of it again', async () => {
    const scene = browser()
    const one = await tab(scene)
    const id = await one.write()
    const begun = scene.world.time
    scene.server.interrupt = () => {
      throw new TypeError('offline')
    }
    await one.sendings.send(id)
    await pass(scene, 4_000)
    scene.server.interrupt = () => null
    scene.world.return()
    await pass(scene, 1_000)
    expect(one.sendings.outgoing.map(({ at }) => at.getTime() - begun)).toEqual([10_000])
    expect([...scene.server.sending.records.values()].map(({ sendAt }) => Date.parse(sendAt) - begun)).toEqual([12_000])
    one.kill()
    const next = await tab(scene)
    expect(next.sendings.outgoing.map(({ at }) => at.getTime() - begun)).toEqual([10_000])
    await pass(scene, 10_000)
    expect([places(scene), next.told]).toEqual([ONE_SENT, ['sent Pallets']])
  })

  test('leaves at once when the connection is back later than it could be undone', async () => {
    const scene = browser()
    const one = await tab(scene)
    const id = await one.write()
    scene.server.interrupt = () => {
      throw new TypeError('offline')
    }
    await one.sendings.send(id)
    await pass(scene, 60_000)
    scene.server.interrupt = () => null
    scene.world.return()
    await pass(scene, 1_000)
    expect([places(scene), one.told]).toEqual([ONE_SENT, ['sent Pallets']])
  })

  test('is kept while its session has ended, and goes after the next sign-in', async () => {
    const scene = browser()
    const one = await tab(scene)
    const id = await one.write()
    scene.server.interrupt = () => Response.json({ code: 'no_session' }, { status: 401 })
    await one.sendings.send(id)
    await pass(scene, 30_000)
    expect([places(scene)['received'], one.sendings.troubleOf(id)?.code]).toEqual([[], 'no_session'])
    expect(one.sendings.outgoing).toMatchObject([{ needs: 'session' }])
    scene.server.interrupt = () => null
    scene.world.return()
    await pass(scene, 15_000)
    expect(places(scene)).toEqual(ONE_SENT)
  })

  test('never leaves in the name of somebody else who has signed in meanwhile', async () => {
    const scene = browser()
    const one = await tab(scene)
    const id = await one.write()
    scene.server.username = 'other@example.org'
    scene.server.sessionState = 'other'
    await one.sendings.send(id)
    await pass(scene, 60_000)
    expect([received(scene), scene.server.sending.records.size]).toEqual([[], 0])
    expect(scene.world.reloads).toBe(1)
  })

  test('is filed by this device if the mail server could not', async () => {
    const scene = browser()
    scene.server.sending.failsToFile = true
    await sending({}, scene)
    await pass(scene, 15_000)
    expect(places(scene)).toEqual(ONE_SENT)
  })
})

describe('where the mail server does not hold mail, this tab does', () => {
  async function unheld(offers = 0): Promise<Story> {
    const scene = browser()
    scene.server.sending.maxDelayedSend = offers
    scene.server.sending.mostHeld = 0
    return sending({}, scene)
  }

  test.each([0, 2_592_000])(
    'and says so; it is submitted when its time has come (offers %i seconds)',
    async (offers) => {
      const { scene, one } = await unheld(offers)
      await pass(scene, 8_000)
      expect([places(scene), one.sendings.outgoing]).toMatchObject([ONE_DRAFT, [{ needs: 'tab' }]])
      await pass(scene, 6_000)
      expect([places(scene), one.told]).toEqual([ONE_SENT, ['sent Pallets']])
    }
  )

  test('undone in that time, it was never submitted', async () => {
    const { scene, one, id } = await unheld()
    await pass(scene, 8_000)
    expect(await one.sendings.undo(id)).toBe(true)
    await pass(scene, 30_000)
    expect([places(scene), scene.server.sending.records.size]).toEqual([ONE_DRAFT, 0])
  })

  test('after a reload another one does', async () => {
    const { scene, one } = await unheld()
    await pass(scene, 5_000)
    one.kill()
    await tab(scene)
    await pass(scene, 10_000)
    expect(places(scene)).toEqual(ONE_SENT)
  })
})

describe('a message that is to leave later', () => {
  const DAY = 86_400_000

  test('is held by the mail server until then, and can be undone', async () => {
    const scene = browser()
    const { one, id } = await sending({}, scene, new Date(scene.world.time + DAY))
    await pass(scene, 3_000)
    const at = new Date(scene.world.time - 3_000 + DAY)
    expect(one.sendings.outgoing).toMatchObject([{ needs: null, scheduled: true, at }])
    const undoing = one.sendings.undo(id)
    await pass(scene, 2_000)
    expect([await undoing, places(scene)]).toEqual([true, ONE_DRAFT])
  })

  test('leaves at that time without any tab', async () => {
    const scene = browser()
    const { one } = await sending({}, scene, new Date(scene.world.time + DAY))
    await pass(scene, 3_000)
    one.kill()
    await scene.world.pass(DAY)
    expect(received(scene)).toEqual(['Pallets'])
  })

  test('than the mail server really holds it is a draft again, and how long it does is told', async () => {
    const scene = browser()
    const { one, id } = await sending({}, scene, new Date(scene.world.time + 8 * DAY))
    await pass(scene, 5_000)
    expect([places(scene), one.told]).toEqual([ONE_DRAFT, ['hold_too_long']])
    expect(one.drafts.get(id)?.refusal).toEqual({ code: 'hold_too_long', detail: '604800' })
  })
})

describe('a message that is undone', () => {
  test('is a draft again with all its words, and reaches nobody', async () => {
    const { scene, one, id } = await sending()
    await pass(scene, 5_000)
    const undoing = one.sendings.undo(id)
    await pass(scene, 60_000)
    expect([await undoing, places(scene)]).toEqual([true, ONE_DRAFT])
    expect(one.drafts.get(id)).toMatchObject({ draft: { text: 'Dear Ann' }, sending: null })
    expect([...scene.server.emails.values()][0]?.keywords).toMatchObject({ $draft: true })
  })

  test('too late is on its way', async () => {
    const { scene, one, id } = await sending()
    await pass(scene, 11_000)
    expect(await one.sendings.undo(id)).toBe(false)
    await pass(scene, 5_000)
    expect(places(scene)).toEqual(ONE_SENT)
  })

  test('before it was submitted is never submitted', async () => {
    const { scene, one, id } = await sending()
    expect(await one.sendings.undo(id)).toBe(true)
    await pass(scene, 30_000)
    expect([received(scene), one.drafts.get(id)?.draft.text]).toEqual([[], 'Dear Ann'])
  })

  test('while the mail server is away is tried again as long as there is time', async () => {
    const { scene, one, id } = await sending()
    await pass(scene, 3_000)
    let left = 2
    scene.server.interrupt = (_, body) =>
      body.includes('canceled') && (left -= 1) >= 0 ? new Response('', { status: 503 }) : null
    const undoing = one.sendings.undo(id)
    await pass(scene, 10_000)
    expect([await undoing, places(scene)]).toEqual([true, ONE_DRAFT])
  })

  test('never makes the mail server change another email', async () => {
    const scene = browser()
    scene.server.deliver({ subject: 'Other' })
    const { one, id } = await sending({}, scene)
    await pass(scene, 3_000)
    const undoing = one.sendings.undo(id)
    await pass(scene, 3_000)
    await undoing
    expect([within(scene, 'inbox'), within(scene, 'drafts')]).toEqual([['Other'], ['Pallets']])
  })
})
