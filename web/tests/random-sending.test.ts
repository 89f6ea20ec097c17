import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { randomFrom } from './random.ts'
import { browser, pass, received, tab, type Browser, type SendingTab } from './sending-scene.ts'

/** More of them: POSTROOM_SEEDS=1000. */
const SEEDS = Number(process.env['POSTROOM_SEEDS'] ?? 8)
const HOUR = 3_600_000

type Random = () => number

/** One message, and what the person wants of it. */
interface WrittenMessage {
  readonly subject: string
  readonly id: string
  isSent: boolean
}

function misfortune({ server, world }: Browser, body: string, next: Random): Response | null {
  const kind = next()
  if (kind < 0.04) {
    return Response.json({ code: 'mail_server_busy' }, { status: 503 })
  }
  if (kind < 0.08) {
    throw new TypeError('not sent')
  }
  if (kind < 0.14) {
    server.respond('/jmap/', body)
    throw new TypeError('connection reset')
  }
  if (kind < 0.18) {
    const later = next() * 30_000
    world.ports(server.fetch).after(later, () => void server.respond('/jmap/', body))
    throw new TypeError('carried out late')
  }
  if (kind < 0.2) {
    server.respond('/jmap/', body)
    return Response.json({ code: 'mail_server_silent' }, { status: 504 })
  }
  if (kind < 0.22) {
    server.sending.failsToFile = true
  }
  if (kind < 0.24) {
    return new Response('{"methodResponses": [["Email', { status: 200 })
  }
  if (kind < 0.26) {
    server.deliver()
  }
  return null
}

class Life {
  readonly scene: Browser
  readonly messages: WrittenMessage[] = []
  readonly #next: Random
  readonly #tabs: SendingTab[]
  readonly #told: string[][] = []

  constructor(scene: Browser, next: Random, tabs: SendingTab[]) {
    this.scene = scene
    this.#next = next
    this.#tabs = tabs
  }

  get told(): string[] {
    return [...this.#told, ...this.#tabs.map(({ told }) => told)].flat()
  }

  #any<T>(list: readonly T[]): T {
    return list[Math.floor(this.#next() * list.length)] as T
  }

  async turn(): Promise<void> {
    const one = this.#any(this.#tabs)
    const kind = this.#next()
    const message = this.messages.length > 0 ? this.#any(this.messages) : null
    const record = message && one.drafts.get(message.id)
    if (kind < 0.2 && this.messages.length < 4) {
      const subject = `Message ${this.messages.length}`
      this.messages.push({ subject, id: await one.write({ subject }), isSent: false })
    } else if (kind < 0.45 && message && record && !record.sending) {
      message.isSent = true
      await one.sendings.send(message.id, this.#next() < 0.2 ? { at: new Date(this.scene.world.time + HOUR) } : {})
    } else if (kind < 0.6 && message && record?.sending) {
      message.isSent = false
      void one.sendings.undo(message.id).catch(() => undefined)
    } else if (kind < 0.7 && message && record?.sending?.step === 'unknown') {
      message.isSent = true
      await (this.#next() < 0.5 ? one.sendings.sendAgain(message.id) : one.sendings.keepDraft(message.id))
    } else if (kind < 0.76) {
      await this.#renew(one)
    }
    await pass(this.scene, this.#next() < 0.3 ? 8_000 : 1_000, 2_000)
  }

  /** A tab is gone, and another one is opened. */
  async #renew(one: SendingTab): Promise<void> {
    one.kill()
    this.#told.push(one.told)
    this.#tabs.splice(this.#tabs.indexOf(one), 1, await tab(this.scene))
  }

  #isOpen(): boolean {
    return this.#tabs.some(({ drafts }) => drafts.all().some(({ sending }) => sending))
  }

  /** What nobody knows is decided, until nothing is left to be done. */
  async end(): Promise<void> {
    this.scene.server.interrupt = () => null
    for (let round = 0; round < 4 && this.#isOpen(); round += 1) {
      const [one] = this.#tabs
      await pass(this.scene, 60_000, 6_000)
      for (const { id, sending } of one?.drafts.all() ?? []) {
        await (sending?.step === 'unknown' && one?.sendings.sendAgain(id))
      }
    }
    await pass(this.scene, 2 * HOUR, HOUR)
    await pass(this.scene, 30_000, 6_000)
  }

  check(): void {
    const { server } = this.scene
    for (const { subject, id } of this.messages) {
      const mails = received(this.scene).filter((one) => one === subject).length
      const emails = [...server.emails.values()].filter((one) => one.subject === subject)
      const sent = emails.filter(({ mailboxIds }) => mailboxIds['sent']).length
      const record = this.#tabs[0]?.drafts.get(id)
      const facts = { subject, mails, sent, told: this.told, step: record?.sending?.step ?? null }
      expect(facts.mails, JSON.stringify(facts)).toBeLessThan(2)
      expect(facts.sent, JSON.stringify(facts)).toBe(mails)
      expect(facts.step, JSON.stringify(facts)).toBeNull()
      // No word is lost: it has left, or a draft of it is here.
      expect(mails === 1 || record?.draft.subject === subject, JSON.stringify(facts)).toBe(true)
      expect(this.told.includes(`sent ${subject}`), JSON.stringify(facts)).toBe(mails === 1)
    }
  }
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'messages that are sent, scheduled and undone in two tabs, with losses and tabs that are gone, leave once or stay drafts (%i)',
  async (seed) => {
    const next = randomFrom(seed)
    const scene = browser()
    const tabs = [await tab(scene), await tab(scene)]
    scene.server.interrupt = (path, body) => (path === '/jmap/' ? misfortune(scene, body, next) : null)
    const life = new Life(scene, next, tabs)
    for (let turn = 0; turn < 40; turn += 1) {
      await life.turn()
    }
    await life.end()
    life.check()
    expect(scene.world.mistakes).toEqual([])
  }
)
