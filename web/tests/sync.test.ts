import { describe, expect, test } from 'vitest'
import { ModelServer } from './model-server.ts'
import { deliver, failing, hint, opened, shown } from './scene.ts'
import { settled } from './world.ts'
import { timesAsLong } from './processor-time.ts'

describe('the list', () => {
  test('is there after the session and two requests, with all that its rows show', async () => {
    const server = new ModelServer()
    deliver(server, 60)
    const scene = await opened(server)
    expect(server.requests).toEqual([['Mailbox/get'], ['Email/query', 'Email/get', 'Thread/get', 'Email/get']])
    expect(scene.mail.list).toMatchObject({ mailboxId: 'inbox', total: 60, unread: 60, freshness: 'current' })
    expect(shown(scene)).toEqual(server.list('inbox').slice(0, 50))
    expect(scene.mail.list?.row(0)).toMatchObject({ subject: 'Mail 60', messages: 1, unread: true })
  })

  test('asks for further rows in one request, and for none twice', async () => {
    const server = new ModelServer()
    deliver(server, 500)
    const scene = await opened(server)
    server.requests.length = 0
    scene.mail.list?.want(210, 240)
    scene.mail.list?.want(212, 242)
    await settled()
    expect(server.requests).toHaveLength(1)
    expect(scene.mail.list?.row(220)?.emailId).toBe(server.list('inbox')[220])
    expect(scene.mail.list?.row(120)).toBeUndefined()
  })

  test('asks for no more than a screen can show, however much is wished for', async () => {
    const server = new ModelServer()
    deliver(server, 700)
    const scene = await opened(server)
    scene.mail.list?.want(0, 700)
    await settled()
    expect(scene.mail.list?.row(199)?.emailId).toBe(server.list('inbox')[199])
    expect(scene.mail.list?.row(300)).toBeUndefined()
  })

  test('that changed unnoticed shows no row twice and none in a wrong place', async () => {
    const server = new ModelServer()
    deliver(server, 200)
    const scene = await opened(server)
    server.deliver()
    server.destroy('e170')
    scene.mail.list?.want(40, 90)
    await settled()
    expect(shown(scene, 100)).toEqual(server.list('inbox').slice(0, 100))
  })

  test('of which the windows are of different states is asked for again', async () => {
    const server = new ModelServer()
    server.limits = { ...server.limits, maxCallsInRequest: 4 }
    deliver(server, 200)
    const scene = await opened(server)
    scene.mail.list?.want(100, 150)
    await settled()
    server.interrupt = (_, body) => {
      if (body.includes('"position":100')) {
        server.interrupt = () => null
        server.deliver()
      }
      return null
    }
    await hint(scene)
    expect(scene.mail.list?.row(100)?.emailId).toBe(server.list('inbox')[100])
    expect(shown(scene, 50)).toEqual(server.list('inbox').slice(0, 50))
  })

  test('shows a conversation once, with its people in order and the number of its messages', async () => {
    const server = new ModelServer()
    server.deliver({ threadId: 'a' })
    server.deliver({ threadId: 'a', mailboxIds: { sent: true }, from: [{ name: null, email: 'me@example.org' }] })
    server.deliver({ threadId: 'a', from: [{ name: 'Bo', email: 'bo@example.net' }] })
    const { mail } = await opened(server)
    expect(mail.list?.total).toBe(1)
    expect(mail.list?.row(0)).toMatchObject({ messages: 3, emailId: 'e3' })
    expect(mail.list?.row(0)?.people.map(({ name, own }) => (own ? 'me' : name))).toEqual(['Ann', 'me', 'Bo'])
  })

  test('warns of a namesake with an address that is almost the same', async () => {
    const server = new ModelServer()
    const from = (email: string): { from: { name: string; email: string }[] } => ({
      from: [{ name: 'Ann Lee', email }]
    })
    server.deliver({ threadId: 'a', ...from('ann@example.net') })
    server.deliver({ threadId: 'a', ...from('ann@examp1e.net') })
    server.deliver({ threadId: 'b', ...from('ann@example.net') })
    const { mail } = await opened(server)
    expect([mail.list?.row(1)?.warning, mail.list?.row(0)?.warning]).toEqual([true, false])
  })

  test('of conversations with more messages than one call may ask for is whole all the same', async () => {
    const server = new ModelServer()
    for (let number = 0; number < 600; number += 1) {
      server.deliver({ threadId: `t${number % 3}` })
    }
    const { mail } = await opened(server)
    expect(mail.list?.row(0)).toMatchObject({ messages: 200 })
    expect(mail.list?.row(2)?.subject).not.toBe('')
  })

  test('looks at a conversation of 2,000 messages in a moment', async () => {
    const server = new ModelServer()
    Array.from({ length: 2_000 }, () => server.deliver({ threadId: 'long' }))
    server.deliver({
      threadId: 'long',
      from: [{ name: 'Ann', email: 'ann@examp1e.net' }],
      subject: 'x'.repeat(100_000)
    })
    const { mail } = await opened(server)
    expect(timesAsLong(() => mail.list?.row(0))).toBeLessThan(300)
    expect(mail.list?.row(0)).toMatchObject({ messages: 2_001, warning: true, subject: `${'x'.repeat(500)}…` })
  })

  test('shows a mail without a preview', async () => {
    const server = new ModelServer()
    delete server.deliver().preview
    const { mail } = await opened(server)
    mail.reader.open('t1')
    await settled()
    expect(mail.list?.row(0)).toMatchObject({ subject: 'Mail 1', preview: '' })
    expect(mail.reader.conversation?.messages[0]).toMatchObject({ preview: '' })
  })

  test('in Sent shows to whom', async () => {
    const server = new ModelServer()
    server.deliver({
      mailboxIds: { sent: true },
      from: [{ name: null, email: 'me@example.org' }],
      to: [{ name: 'Bo', email: 'bo@x' }]
    })
    const { mail } = await opened(server, 'sent')
    expect(mail.list?.row(0)?.people).toEqual([{ name: 'Bo', address: 'bo@x', own: false }])
  })

  test('falls back to the inbox if the mailbox is gone', async () => {
    const { mail } = await opened(new ModelServer(), 'no-such')
    expect(mail.list?.mailboxId).toBe('inbox')
  })

  test('falls back to the inbox if the mailbox is removed elsewhere while it is shown', async () => {
    const scene = await opened(new ModelServer(), 'trash')
    scene.server.removeMailbox('trash')
    scene.server.deliver()
    await hint(scene)
    expect(scene.mail.list).toMatchObject({ mailboxId: 'inbox', total: 1, trouble: null })
  })
})

describe('a hint', () => {
  test('brings new mail to the screen with one request', async () => {
    const scene = await opened()
    scene.server.requests.length = 0
    scene.server.deliver({ subject: 'New' })
    await hint(scene)
    expect(scene.server.requests).toHaveLength(1)
    expect(scene.mail.list?.row(0)?.subject).toBe('New')
    expect(scene.mail.mailboxes.byRole('inbox')).toMatchObject({ count: 1, messages: 1 })
  })

  test('brings all changes of the mailboxes, however few of them the server tells at once', async () => {
    const scene = await opened()
    scene.server.mostChanges.Mailbox = 1
    scene.server.deliver({ mailboxIds: { trash: true } })
    await hint(scene)
    expect(scene.mail.mailboxes.byRole('trash')).toMatchObject({ count: 1, messages: 1 })
  })

  test('completes a conversation of which only a new message is known', async () => {
    const server = new ModelServer()
    server.deliver({ threadId: 'old', mailboxIds: { sent: true } })
    const scene = await opened(server)
    server.deliver({ threadId: 'old', from: [{ name: 'Bo', email: 'bo@example.net' }] })
    await hint(scene)
    expect(scene.mail.list?.row(0)?.people.map(({ name }) => name)).toEqual(['Ann', 'Bo'])
  })

  test('while the list is scrolled moves no row: what is new waits above', async () => {
    const server = new ModelServer()
    deliver(server, 80)
    const scene = await opened(server)
    scene.mail.list?.atTop(false)
    const before = shown(scene, 20)
    server.deliver()
    server.deliver()
    await hint(scene)
    expect(shown(scene, 20)).toEqual(before)
    expect(scene.mail.list).toMatchObject({ arrived: 2, total: 80 })
    scene.mail.list?.atTop(true)
    expect(shown(scene, 20)).toEqual(server.list('inbox').slice(0, 20))
    expect(scene.mail.list?.arrived).toBe(0)
  })

  test('after too many changes to follow asks for the list anew, and keeps what is painted until then', async () => {
    const server = new ModelServer()
    deliver(server, 60)
    const scene = await opened(server)
    const before = shown(scene)
    server.destroy('e60')
    server.forgottenUntil = Number(server.state)
    const painted: unknown[] = []
    server.interrupt = (path) => {
      if (path === '/jmap/') {
        painted.push(shown(scene))
      }
      return null
    }
    await hint(scene)
    expect(painted).toEqual([before, before])
    expect(shown(scene)).toEqual(server.list('inbox').slice(0, 50))
  })
})

describe('opening a conversation', () => {
  test('asks for its messages and the body of the last one together', async () => {
    const server = new ModelServer()
    for (let number = 0; number < 200; number += 1) {
      server.deliver({ threadId: 'a', keywords: { $seen: true } })
    }
    const { mail } = await opened(server)
    server.requests.length = 0
    mail.reader.open('a')
    expect(mail.reader.conversation?.messages).toHaveLength(200)
    await settled()
    expect(server.requests).toEqual([['Thread/get', 'Email/get', 'Email/get']])
    expect(mail.reader.conversation?.messages.filter(({ body }) => body)).toHaveLength(1)
    expect(mail.reader.conversation?.messages.at(-1)?.body?.text).toBe('The text')
  })

  test('unfolding several messages in one turn is one request', async () => {
    const server = new ModelServer()
    for (let number = 0; number < 30; number += 1) {
      server.deliver({ threadId: 'a', keywords: { $seen: true } })
    }
    const { mail } = await opened(server)
    mail.reader.open('a')
    await settled()
    server.requests.length = 0
    mail.reader.load('e1')
    mail.reader.load('e2')
    mail.reader.load('e3')
    await settled()
    expect(server.requests.flat()).toEqual(['Email/get'])
    expect(mail.reader.conversation?.messages.filter(({ body }) => body)).toHaveLength(4)
  })

  test('with more messages than are kept in memory shows each that is unfolded', async () => {
    const server = new ModelServer()
    Array.from({ length: 100 }, () => server.deliver({ threadId: 'long', keywords: { $seen: true } }))
    const { mail } = await opened(server)
    mail.reader.open('long')
    await settled()
    mail.reader.conversation?.messages.forEach(({ id }) => mail.reader.load(id))
    await settled()
    expect(mail.reader.conversation?.messages.filter(({ body }) => body === null)).toEqual([])
  })

  test('reads it: at once on the screen, then at the server, whose counts are asked for after that', async () => {
    const server = new ModelServer()
    server.deliver()
    const { mail, world } = await opened(server)
    mail.reader.open('t1')
    expect(mail.list?.row(0)?.unread).toBe(false)
    expect(mail.list?.unread).toBe(0)
    await settled()
    server.requests.length = 0
    await world.pass(50)
    expect(server.requests.map(([first]) => first)).toEqual(['Email/set', 'Mailbox/changes'])
    expect(server.emails.get('e1')?.keywords).toEqual({ $seen: true })
    expect([mail.list?.row(0)?.unread, mail.list?.unread]).toEqual([false, 0])
  })

  test('that the server refuses to mark as read leaves it unread', async () => {
    const server = new ModelServer()
    server.deliver()
    const { mail, world } = await opened(server)
    mail.reader.open('t1')
    server.interrupt = (_, body) =>
      body.includes('Email/set') ? Response.json({ code: 'scope_missing' }, { status: 403 }) : null
    await world.pass(50)
    expect([mail.list?.row(0)?.unread, mail.list?.unread]).toEqual([true, 1])
  })

  test('whose mark is refused holds up no other mark', async () => {
    const server = new ModelServer()
    deliver(server, 3)
    const { mail, world } = await opened(server)
    server.interrupt = (_, body) =>
      body.includes('Email/set') && body.includes('"e1"') ? new Response('', { status: 403 }) : null
    mail.reader.open('t1')
    mail.reader.open('t2')
    await world.pass(50)
    mail.reader.open('t3')
    await world.pass(2_000)
    expect([...server.emails.values()].map(({ keywords }) => keywords)).toEqual([{}, { $seen: true }, { $seen: true }])
    expect([0, 1, 2].map((row) => mail.list?.row(row)?.unread)).toEqual([false, false, true])
  })

  test('whose marks are all refused is marked whole when it is tried again', async () => {
    const server = new ModelServer()
    deliver(server, 2)
    const { mail, world } = await opened(server)
    server.refusing = 'forbidden'
    mail.reader.open('t1')
    mail.reader.open('t2')
    await world.pass(50)
    expect(mail.actions.refused?.trouble.code).toBe('forbidden')
    server.refusing = null
    mail.actions.again()
    await world.pass(2_000)
    expect([...server.emails.values()].map(({ keywords }) => keywords)).toEqual([{ $seen: true }, { $seen: true }])
  })

  test('by somebody who was signed out meanwhile is marked once they have signed in again', async () => {
    const server = new ModelServer()
    deliver(server, 1)
    const { mail, world } = await opened(server)
    mail.reader.open('t1')
    server.interrupt = (_, body) =>
      body.includes('Email/set') ? Response.json({ code: 'no_session' }, { status: 401 }) : null
    await world.pass(50)
    expect([mail.list?.row(0)?.unread, mail.actions.waiting]).toEqual([false, 1])
    expect(mail.actions.refused).toBeNull()
    server.interrupt = () => null
    mail.connection.tryNow()
    await settled()
    expect(server.emails.get('e1')?.keywords).toEqual({ $seen: true })
  })

  test('that cannot be marked just now is marked later, though the server took the request (RFC 8620 §5.3)', async () => {
    const server = new ModelServer()
    deliver(server, 1)
    const { mail, world } = await opened(server)
    server.refusing = 'rateLimit'
    mail.reader.open('t1')
    await world.pass(100)
    expect(mail.list?.row(0)?.unread).toBe(false)
    server.refusing = null
    await world.pass(2_000)
    expect(server.emails.get('e1')?.keywords).toEqual({ $seen: true })
  })

  test('stays read if the server took that, but its counts cannot be had', async () => {
    const server = new ModelServer()
    server.limits = { ...server.limits, maxCallsInRequest: 4 }
    server.deliver()
    const { mail, world } = await opened(server)
    mail.reader.open('t1')
    await settled()
    server.interrupt = (_, body) => (body.includes('Email/set') ? null : new Response('', { status: 503 }))
    await world.pass(50)
    expect(mail.list?.row(0)?.unread).toBe(false)
  })

  test('by its address alone loads it', async () => {
    const server = new ModelServer()
    server.deliver({ threadId: 'a', mailboxIds: { trash: true } })
    const { mail } = await opened(server)
    mail.reader.open('a')
    await settled()
    expect(mail.reader.conversation).toMatchObject({ freshness: 'current', subject: 'Mail 1' })
    expect(mail.reader.conversation?.messages[0]?.body).not.toBeNull()
  })

  test('that was removed says so', async () => {
    const { mail } = await opened()
    mail.reader.open('no-such')
    await settled()
    expect(mail.reader.conversation?.trouble?.code).toBe('gone')
  })

  test('that cannot be had for a moment is not called removed', async () => {
    const server = new ModelServer()
    server.deliver({ threadId: 'a', mailboxIds: { trash: true } })
    const { mail, world } = await opened(server)
    server.interrupt = failing('Thread/get', server)
    mail.reader.open('a')
    await settled()
    expect(mail.reader.conversation?.trouble?.code).toBe('serverUnavailable')
    server.interrupt = () => null
    await world.pass(2_000)
    expect(mail.reader.conversation).toMatchObject({ trouble: null, subject: 'Mail 1' })
  })

  test('is not undone by a response that is older than what is known', async () => {
    const server = new ModelServer()
    server.deliver({ threadId: 'a' })
    const scene = await opened(server)
    let release = (): void => undefined
    server.interrupt = (_, body) => {
      if (!body.includes('"Thread/get"') || body.includes('"Email/query"')) {
        return null
      }
      const old = server.respond('/jmap/', body)
      server.interrupt = () => null
      return new Promise((resolve) => {
        release = () => resolve(old)
      })
    }
    scene.mail.reader.open('a')
    await settled()
    server.deliver({ threadId: 'a' })
    await hint(scene)
    release()
    await settled()
    expect(scene.mail.list?.row(0)?.messages).toBe(2)
    expect(scene.mail.reader.conversation?.messages).toHaveLength(2)
  })

  test('outlives changes that the server cannot tell, and shows them', async () => {
    const server = new ModelServer()
    server.deliver({ threadId: 'a', mailboxIds: { trash: true } })
    const scene = await opened(server)
    scene.mail.reader.open('a')
    await settled()
    server.deliver({ threadId: 'a', mailboxIds: { trash: true } })
    server.forgottenUntil = Number(server.state)
    await hint(scene)
    expect(scene.mail.reader.conversation?.messages.map(({ id }) => id)).toEqual(['e1', 'e2'])
  })

  test('a new message of the open conversation appears in it', async () => {
    const server = new ModelServer()
    server.deliver({ threadId: 'a' })
    const scene = await opened(server)
    scene.mail.reader.open('a')
    await settled()
    server.deliver({ threadId: 'a', subject: 'Re: Mail 1' })
    await hint(scene)
    expect(scene.mail.reader.conversation?.messages.map(({ id }) => id)).toEqual(['e1', 'e2'])
  })
})
