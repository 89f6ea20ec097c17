import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { expect, test } from 'vitest'
import type { Email as Row, EmailBody, Invocation } from '#lib/jmap/types.ts'
import { failing } from './scene.ts'
import { browser, pass, received, tab, type Browser, type SendingTab } from './sending-scene.ts'
import { isTaken } from './some-pairs.ts'

/** What may become of one request. */
const FAULTS: Record<string, (scene: Browser, body: string) => Response | null | Promise<Response | null>> = {
  'not sent': () => {
    throw new TypeError('offline')
  },
  'lost after its effect': ({ server }, body) => {
    server.respond('/jmap/', body)
    throw new TypeError('connection reset')
  },
  'carried out late, and lost': ({ server, world }, body) => {
    world.ports(server.fetch).after(8_000, () => void server.respond('/jmap/', body))
    throw new TypeError('connection reset')
  },
  'three seconds late': async ({ server, world }) => {
    await new Promise<void>((resolve) => world.ports(server.fetch).after(3_000, resolve))
    return null
  },
  'a plain 500': () => new Response('oops', { status: 500 }),
  'a plain 500 after its effect': ({ server }, body) => {
    server.respond('/jmap/', body)
    return new Response('oops', { status: 500 })
  },
  'the mail server is busy': () =>
    Response.json({ code: 'mail_server_busy' }, { status: 503, headers: { 'Retry-After': '2' } }),
  'no answer of the mail server, after its effect': ({ server }, body) => {
    server.respond('/jmap/', body)
    return Response.json({ code: 'mail_server_silent' }, { status: 504 })
  },
  'too many requests': () => Response.json({}, { status: 429, headers: { 'Retry-After': '7' } }),
  limit: () =>
    Response.json({ type: 'urn:ietf:params:jmap:error:limit', limit: 'maxConcurrentRequests' }, { status: 400 }),
  'signed out': () => Response.json({ code: 'no_session' }, { status: 401 }),
  serverUnavailable: ({ server }, body) => withoutSets(server, body, 'serverUnavailable'),
  'serverUnavailable after its effect': ({ server }, body) => told(server, body, 'serverUnavailable'),
  serverPartialFail: ({ server }, body) => told(server, body, 'serverPartialFail'),
  stateMismatch: ({ server }, body) => withoutSets(server, body, 'stateMismatch'),
  'queued, and no record of it': ({ server }, body) => {
    server.sending.losesRecord = body.includes('"send"')
    return null
  },
  'sent, and not filed': ({ server }, body) => {
    server.sending.failsToFile = body.includes('"send"')
    return null
  },
  'an empty answer': () => Response.json({ methodResponses: [], sessionState: 's' }),
  'half an answer': ({ server }, body) => halved(server, body),
  'an answer without properties': ({ server }, body) => stripped(server, body),
  'a page of HTML in place of an answer': () => new Response('<html>Sign in</html>'),
  'a page of HTML, after its effect': ({ server }, body) => {
    server.respond('/jmap/', body)
    return new Response('<html>Sign in</html>')
  },
  'null in place of lists': ({ server }, body) => changed(server, body, ([name, args, id]) => [name, nothing(args), id])
}

function methodsOf(body: string): string[] {
  return (JSON.parse(body) as { methodCalls: Invocation[] }).methodCalls.map(([name]) => name)
}

/** The changes are not made. */
function withoutSets(
  server: Browser['server'],
  body: string,
  type: string
): Response | null | Promise<Response | null> {
  const method = methodsOf(body).find((name) => name.endsWith('/set'))
  return method === undefined ? null : failing(method, server, type)('/jmap/', body)
}

/** The changes are made, and an error told. */
async function told(server: Browser['server'], body: string, type: string): Promise<Response> {
  return changed(server, body, ([name, args, id]) =>
    name.endsWith('/set') ? ['error', { type }, id] : [name, args, id]
  )
}

async function halved(server: Browser['server'], body: string): Promise<Response> {
  const whole = await server.respond('/jmap/', body).text()
  return new Response(whole.slice(0, whole.length / 2))
}

function stripped(server: Browser['server'], body: string): Promise<Response> {
  return changed(server, body, ([name, args, id]) =>
    name.endsWith('/set') ? [name, { newState: args['newState'] }, id] : [name, args, id]
  )
}

async function changed(
  server: Browser['server'],
  body: string,
  how: (one: Invocation) => Invocation
): Promise<Response> {
  const response = (await server.respond('/jmap/', body).json()) as { methodResponses: Invocation[] }
  return Response.json({ ...response, methodResponses: response.methodResponses.map(how) })
}

function nothing(args: Invocation[1]): Invocation[1] {
  const isBare = (name: string): boolean => /State$|^state$|accountId/u.test(name)
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, isBare(name) ? value : null]))
}

type Email = Row & Partial<EmailBody>

const WORDS = 'Dear Ann, hello'
const STORIES = { sent: false, undone: true }

/** From the first letter until it has left, or is a draft again. */
async function live(scene: Browser, one: SendingTab, isUndone: boolean): Promise<void> {
  const id = await one.write()
  await pass(scene, 4_000)
  const kept = one.drafts.get(id)
  one.drafts.type(id, { ...(kept?.draft ?? (await Promise.reject(new Error('gone')))), text: WORDS })
  await one.sendings.send(id)
  await pass(scene, 3_000)
  if (isUndone) {
    one.sendings.undo(id).then(
      (isBack) => one.told.push(isBack ? 'back' : 'too late'),
      () => one.told.push('not now')
    )
  }
  await pass(scene, 6_000)
}

/** Only requests that send the message count: those that change something, and those that find out what became of it. */
function isOfTheWay(body: string): boolean {
  return /Submission|\/set"|Identity|"keywords","messageId"/u.test(body)
}

interface Run {
  readonly scene: Browser
  readonly tabs: readonly SendingTab[]
  readonly requests: number
}

async function run(story: keyof typeof STORIES, fault: string | null, number: number, isKilled: boolean): Promise<Run> {
  globalThis.indexedDB = new IDBFactory()
  const scene = browser()
  let count = 0
  let killed: SendingTab | null = null
  const tabs: SendingTab[] = []
  scene.server.interrupt = (path, body) => {
    if (path !== '/jmap/' || !isOfTheWay(body)) {
      return null
    }
    count += 1
    if (count - 1 !== number || fault === null) {
      return null
    }
    if (isKilled && !killed) {
      killed = tabs[0] ?? null
      killed?.kill()
    }
    return FAULTS[fault]?.(scene, body) ?? null
  }
  const one = await tab(scene)
  tabs.push(one)
  await Promise.race([live(scene, one, STORIES[story]), pass(scene, 14_000)])
  tabs.push(await tab(scene))
  await pass(scene, 90_000, 5_000)
  return { scene, tabs, requests: count }
}

/** Exactly one mail, or none and a draft with all words; and what the person is told is true. */
function check({ scene, tabs }: Run, story: keyof typeof STORIES, isKilled: boolean): void {
  const texts = (is: (email: Email) => boolean): string[] =>
    [...scene.server.emails.values()].filter(is).map(({ bodyValues }) => bodyValues?.['text']?.value ?? '')
  const records = tabs.at(-1)?.drafts.all() ?? []
  const facts = {
    mails: received(scene),
    drafts: texts(({ keywords }) => Boolean(keywords['$draft'])),
    sent: texts(({ mailboxIds }) => Boolean(mailboxIds['sent'])),
    kept: records.map(({ draft }) => draft.text),
    told: tabs.flatMap(({ told }) => told)
  }
  if (records.some(({ sending }) => sending?.step === 'unknown')) {
    expect(facts).toMatchObject({ kept: [WORDS] })
    expect(facts.told).toEqual(expect.arrayContaining(['outcome_unknown']))
    expect(facts.told).not.toEqual(expect.arrayContaining(['back']))
    expect(facts.mails.length).toBeLessThan(2)
  } else if (isKilled && facts.told.length === 0 && facts.mails.length === 0) {
    // Before the person sent it: that tab tells nothing any more.
    expect(facts.sent).toEqual([])
    expect([...facts.drafts, ...facts.kept].length).toBeGreaterThan(0)
    expect(facts.drafts.length).toBeLessThan(2)
  } else if (facts.mails.length > 0 || story === 'sent') {
    const late = story === 'sent' ? [] : facts.told.filter((one) => one === 'too late' || one === 'not now')
    const told = facts.told.toSorted()
    expect({ ...facts, told }).toEqual({
      ...{ mails: ['Pallets'], drafts: [], sent: [WORDS], kept: [] },
      told: [...late, 'sent Pallets'].toSorted()
    })
  } else {
    const { told, kept, drafts, ...rest } = facts
    expect(rest).toMatchObject({ mails: [], sent: [] })
    expect(drafts.length).toBeLessThan(2)
    expect([...drafts, ...kept]).toContain(WORDS)
    expect([['back'], ['returned'], ['not now', 'returned']]).toContainEqual(told)
  }
}

const COUNTS = {
  sent: (await run('sent', null, -1, false)).requests,
  undone: (await run('undone', null, -1, false)).requests
}

/** With the tab killed, whatever the response tells nobody hears. */
const KILLED = new Set(['not sent', 'lost after its effect', 'carried out late, and lost', 'sent, and not filed'])

const CASES = (Object.keys(STORIES) as (keyof typeof STORIES)[]).flatMap((story) =>
  Array.from({ length: COUNTS[story] }, (_, number) => number).flatMap((number) =>
    Object.keys(FAULTS)
      .filter((_, at) => isTaken(at, number))
      .flatMap((fault) =>
        (KILLED.has(fault) ? [false, true] : [false]).map((isKilled) => ({ fault, story, number, isKilled }))
      )
  )
)

test.each(CASES)(
  'a message is $story, with request $number: $fault, tab killed: $isKilled: one mail, or none and all words',
  async ({ fault, story, number, isKilled }) => {
    const done = await run(story, fault, number, isKilled)
    check(done, story, isKilled)
    expect(done.scene.world.mistakes).toEqual([])
  }
)
