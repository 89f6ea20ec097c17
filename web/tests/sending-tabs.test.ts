import 'fake-indexeddb/auto'
import { EMPTY } from '#lib/writing/domain/draft.ts'
import { beginSending } from '#lib/writing/sync/sending-start.ts'
import { describe, expect, test } from 'vitest'
import { browser, pass, received, tab, within, type Browser, type SendingTab } from './sending-scene.ts'

interface Two {
  readonly scene: Browser
  readonly one: SendingTab
  readonly other: SendingTab
  readonly id: string
}

async function two(hasLocks = true): Promise<Two> {
  const scene = browser()
  const one = await tab(scene, hasLocks)
  const id = await one.write()
  await pass(scene, 4_000)
  const other = await tab(scene, hasLocks)
  return { scene, one, other, id }
}

/** The request that submits it waits until what is returned is called. */
function holding({ server }: Browser, is: (body: string) => boolean = (body) => body.includes('"send"')): () => void {
  const { promise, resolve } = Promise.withResolvers<null>()
  server.interrupt = (_, body) => {
    if (!is(body)) {
      return null
    }
    server.interrupt = () => null
    return promise
  }
  return () => resolve(null)
}

const ONE_SENT = { drafts: [], sent: ['Pallets'], received: ['Pallets'] }

function places(scene: Browser): Record<string, unknown> {
  return { drafts: within(scene, 'drafts'), sent: within(scene, 'sent'), received: received(scene) }
}

describe.each([true, false])('two tabs of one person (locks: %s)', (hasLocks) => {
  test('that both send it at the same moment send it once', async () => {
    const { scene, one, other, id } = await two(hasLocks)
    await Promise.all([one.sendings.send(id), other.sendings.send(id)])
    await pass(scene, 60_000)
    expect([places(scene), scene.server.sending.records.size]).toEqual([ONE_SENT, 1])
  })

  test('one of which sends it tells what became of it, though the other hears of it before that one begins', async () => {
    const { scene, one, other, id } = await two(hasLocks)
    await beginSending(one.session, one.drafts, id, {})
    await pass(scene, 500)
    one.sendings.resume()
    await pass(scene, 60_000)
    expect([one.told, other.told]).toEqual([['sent Pallets'], []])
  })

  test('one of which is closed: the other goes on', async () => {
    const { scene, one, other, id } = await two(hasLocks)
    holding(scene, (body) => body.includes('"final"'))
    await one.sendings.send(id)
    await pass(scene, 1_000)
    one.kill()
    await pass(scene, 60_000)
    expect([places(scene), other.told]).toEqual([ONE_SENT, ['sent Pallets']])
  })

  test('one of which is gone, and whose clock was set back by hours since: the other goes on', async () => {
    const { scene, one, other, id } = await two(hasLocks)
    holding(scene, (body) => body.includes('"final"'))
    await one.sendings.send(id)
    await pass(scene, 1_000)
    one.kill()
    Object.assign(other.session.ports, { now: () => scene.world.time - 5 * 3_600_000 })
    await pass(scene, 90_000, 5_000)
    expect([places(scene), other.told]).toEqual([ONE_SENT, ['sent Pallets']])
  })

  test.each([
    ['before the draft is stored anew', 0],
    ['after that', 5_000]
  ])('one of which undoes it, and the request that makes the email comes %s: one draft is left', async (_, late) => {
    const { scene, one, other, id } = await two(hasLocks)
    const come = holding(scene, (body) => body.includes('"final"'))
    await one.sendings.send(id)
    await pass(scene, 1_000)
    const undoing = other.sendings.undo(id)
    await pass(scene, 1_000)
    expect(await undoing).toBe(true)
    // As the window does that is open again.
    await other.drafts.update(id, (kept) => ({ ...kept, writer: other.drafts.tab }))
    other.storing.storeSoon(id)
    await pass(scene, late)
    come()
    await pass(scene, 10_000)
    other.drafts.type(id, { ...EMPTY, ...other.drafts.get(id)?.draft, text: 'Dear Ann, wait' })
    other.storing.storeSoon(id)
    await pass(scene, 60_000)
    expect(other.drafts.get(id)?.conflict).toBeNull()
    expect(places(scene)).toEqual({ drafts: ['Pallets'], sent: [], received: [] })
  })

  test('one of which submits it and is closed: the other finds that it was, and does not', async () => {
    const { scene, one, other, id } = await two(hasLocks)
    const release = holding(scene)
    await one.sendings.send(id)
    await pass(scene, 1_000)
    one.kill()
    release()
    await pass(scene, 60_000)
    expect([places(scene), other.told, scene.server.sending.records.size]).toEqual([ONE_SENT, ['sent Pallets'], 1])
  })

  test.each(['"final"', '"send"'])(
    'one of which is frozen at its request %s: the other goes on, and it asks for nothing more',
    async (which) => {
      const { scene, one, other, id } = await two(hasLocks)
      const release = holding(scene, (body) => body.includes(which))
      await one.sendings.send(id)
      await pass(scene, 1_000)
      one.freeze()
      release()
      await pass(scene, 60_000)
      expect([places(scene), other.told]).toEqual([ONE_SENT, ['sent Pallets']])
      one.thaw()
      await pass(scene, 60_000)
      expect([places(scene), scene.server.sending.records.size, scene.server.emails.size]).toEqual([ONE_SENT, 1, 1])
      expect(scene.world.mistakes).toEqual([])
    }
  )

  test('one of which is frozen between the email and its submission: the other submits it, and it does not', async () => {
    const { scene, one, other, id } = await two(hasLocks)
    const { server } = scene
    // The answer to what it asked for comes while it is frozen.
    server.interrupt = (_, body) => {
      if (body.includes('"final"')) {
        server.interrupt = () => null
        one.freeze()
      }
      return null
    }
    await one.sendings.send(id)
    await pass(scene, 60_000)
    one.thaw()
    await pass(scene, 60_000)
    expect([places(scene), other.told, server.sending.records.size]).toEqual([ONE_SENT, ['sent Pallets'], 1])
  })

  test('one of which undoes what the other sends', async () => {
    const { scene, one, other, id } = await two(hasLocks)
    await one.sendings.send(id)
    await pass(scene, 3_000)
    const undoing = other.sendings.undo(id)
    await pass(scene, 30_000)
    expect([await undoing, places(scene)]).toEqual([true, { drafts: ['Pallets'], sent: [], received: [] }])
    expect(one.drafts.get(id)?.sending).toBeNull()
  })
})

describe('of a message nobody knows whether it left', () => {
  async function unknown(how: (scene: Browser, body: string) => void): Promise<Two> {
    const scene = browser()
    const one = await tab(scene)
    const id = await one.write()
    scene.server.interrupt = (_, body) => {
      if (!body.includes('"send"')) {
        return null
      }
      scene.server.interrupt = () => null
      how(scene, body)
      throw new TypeError('connection reset')
    }
    await one.sendings.send(id)
    await pass(scene, 30_000)
    return { scene, one, other: one, id }
  }

  test('the person decides: it is not submitted again by itself', async () => {
    const { scene, one, id } = await unknown(() => undefined)
    await pass(scene, 300_000, 10_000)
    expect([one.told, one.drafts.get(id)?.sending?.step, received(scene)]).toEqual([['outcome_unknown'], 'unknown', []])
  })

  test('sent again it leaves once, although the first request arrives after all', async () => {
    let late: () => void = () => undefined
    const { scene, one, id } = await unknown((of, body) => {
      late = () => void of.server.respond('/jmap/', body)
    })
    await one.sendings.sendAgain(id)
    await pass(scene, 3_000)
    late()
    await pass(scene, 60_000)
    expect([places(scene), scene.server.sending.records.size]).toEqual([ONE_SENT, 1])
  })

  test.each([0, 20, 60, 100, 300, 1_000])(
    'sent again it leaves once, although the first request arrives %i ms after that',
    async (after) => {
      let late: () => void = () => undefined
      const { scene, one, id } = await unknown((of, body) => {
        late = () => void of.server.respond('/jmap/', body)
      })
      scene.world.ports(scene.server.fetch).after(after, () => late())
      const again = one.sendings.sendAgain(id)
      for (let turn = 0; turn < after; turn += 20) {
        await scene.world.pass(20)
      }
      await again
      await pass(scene, 60_000)
      expect(places(scene)).toEqual(ONE_SENT)
    }
  )

  test('which left after all it is found to be sent, and is not sent again', async () => {
    let late: () => void = () => undefined
    const { scene, one, id } = await unknown((of, body) => {
      late = () => void of.server.respond('/jmap/', body)
    })
    late()
    await one.sendings.sendAgain(id)
    await pass(scene, 60_000)
    expect([places(scene), one.told.at(-1)]).toEqual([ONE_SENT, 'sent Pallets'])
  })

  test('it is found at the next start that it left', async () => {
    let late: () => void = () => undefined
    const { scene, one } = await unknown((of, body) => {
      late = () => void of.server.respond('/jmap/', body)
    })
    one.kill()
    late()
    const next = await tab(scene)
    await pass(scene, 20_000)
    expect([places(scene), next.told]).toEqual([ONE_SENT, ['sent Pallets']])
  })

  test('kept as a draft it is a draft with all its words', async () => {
    const { scene, one, id } = await unknown(() => undefined)
    await one.sendings.keepDraft(id)
    await pass(scene, 30_000)
    expect([places(scene)['received'], one.drafts.get(id)]).toMatchObject([
      [],
      { draft: { text: 'Dear Ann' }, sending: null }
    ])
  })

  test('kept as a draft and sent later, it is told that it left before', async () => {
    let late: () => void = () => undefined
    const { scene, one, id } = await unknown((of, body) => {
      late = () => void of.server.respond('/jmap/', body)
    })
    await one.sendings.keepDraft(id)
    await pass(scene, 5_000)
    late()
    await pass(scene, 20_000)
    await one.sendings.send(id)
    await pass(scene, 30_000)
    expect([received(scene), one.told.at(-1)]).toEqual([['Pallets'], 'already_sent'])
  })

  /** When a request that includes `text` comes, the first one arrives so many milliseconds later. */
  async function arriving(text: string, after: number): Promise<Two> {
    let late: () => void = () => undefined
    const two = await unknown((of, body) => {
      late = () => void of.server.respond('/jmap/', body)
    })
    const { server, world } = two.scene
    server.interrupt = async (_, body) => {
      if (!body.includes(text)) return null
      server.interrupt = () => null
      if (after === 0) late()
      else world.ports(server.fetch).after(after, late)
      return Promise.resolve(null)
    }
    return two
  }

  test('sent again, while the first request arrives before its email is made anew, it left once, and that is told', async () => {
    const { scene, one, id } = await arriving('"properties":["id","keywords"]', 0)
    await one.sendings.sendAgain(id)
    await pass(scene, 60_000)
    expect([places(scene), one.told, one.drafts.all()]).toEqual([ONE_SENT, ['outcome_unknown', 'sent Pallets'], []])
  })

  test('kept as a draft, changed and sent, while the first request arrives a moment after its email was destroyed: the new words stay a draft', async () => {
    const { scene, one, id } = await arriving('"destroy"', 100)
    await one.sendings.keepDraft(id)
    await pass(scene, 5_000)
    const kept = one.drafts.get(id)
    if (!kept) throw new Error('gone')
    one.drafts.type(id, { ...kept.draft, text: 'Dear Ann, hello' })
    await one.sendings.send(id)
    await pass(scene, 60_000, 100)
    expect([received(scene), one.told.at(-1), one.drafts.get(id)?.draft.text]).toEqual([
      ['Pallets'],
      'already_sent',
      'Dear Ann, hello'
    ])
  })
})
