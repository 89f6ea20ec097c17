import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Invocation } from '#lib/jmap/types.ts'
import { ModelServer } from './model-server.ts'
import { opened, outcome, type ReplyScene } from './reply-scene.ts'
import { settled } from './world.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

/** The mails in a mailbox of the server. */
function within(server: ModelServer, mailbox: string): unknown[] {
  return [...server.emails.values()].filter(({ mailboxIds }) => mailboxIds[mailbox])
}

/** The request that creates the submission is carried out, and its response is lost. */
function losingTheResponse(server: ModelServer, times = 1): void {
  let left = times
  server.interrupt = (path, body) => {
    if (body.includes('EmailSubmission/set') && left > 0) {
      left -= 1
      server.respond(path, body)
      throw new TypeError('connection reset')
    }
    return null
  }
}

/** The first request that creates a submission gets no response. Returns what the mail server does when it arrives late. */
function delayingTheFirst(server: ModelServer, beforeTheSecond: () => void = () => undefined): () => void {
  let first: string | null = null
  const arrive = (): void => void server.respond('/jmap/', first ?? '')
  server.interrupt = (_, body) => {
    if (!body.includes('EmailSubmission/set')) {
      return null
    }
    if (first === null) {
      first = body
      throw new TypeError('the network changed')
    }
    beforeTheSecond()
    return null
  }
  return arrive
}

/** Of the first request that creates a submission only the draft is made. */
function draftOnly(server: ModelServer): void {
  server.interrupt = (path, body) => {
    if (!body.includes('EmailSubmission/set')) {
      return null
    }
    server.interrupt = () => null
    const request = JSON.parse(body) as { methodCalls: Invocation[] }
    server.respond(path, JSON.stringify({ ...request, methodCalls: request.methodCalls.slice(0, 1) }))
    return Response.json({ code: 'mail_server_broke_off' }, { status: 502 })
  }
}

/** The page after a reload that interrupted the sending. */
async function reloadedWhileSending({ server, mail, reply }: ReplyScene): Promise<ReplyScene> {
  void mail.sending.send(reply).catch(() => undefined)
  mail.sending.keep('e1', reply.text)
  await settled()
  mail.stop()
  return opened(server)
}

describe('a reply', () => {
  test('is made and sent in one request, filed, and shown in the conversation', async () => {
    const scene = await opened()
    const { server, mail } = scene
    server.requests.length = 0
    expect(await outcome(scene)).toBe('sent')
    expect(server.requests).toContainEqual(['Email/set', 'EmailSubmission/set'])
    expect(within(server, 'sent')).toMatchObject([
      {
        from: [{ name: 'Me', email: 'me@example.org' }],
        to: [{ name: 'Ann', email: 'ann@example.net' }],
        subject: 'Re: Mail 1',
        inReplyTo: ['question@example.net'],
        references: ['first@example.net', 'question@example.net'],
        keywords: { $seen: true },
        mailboxIds: { sent: true }
      }
    ])
    expect(server.emails.get('e1')?.keywords).toEqual({ $seen: true, $answered: true })
    expect(mail.reader.conversation?.messages.map(({ own }) => own)).toEqual([false, true])
    expect([mail.sending.draftOf('e1'), mail.sending.unsent()]).toEqual(['', []])
  })

  test.each(['', '*@example.org'])(
    'is sent from the own address if the identity has %j (RFC 8621 §6)',
    async (address) => {
      const scene = await opened()
      scene.server.identities = [address]
      expect(await outcome(scene)).toBe('sent')
      expect(within(scene.server, 'sent')).toMatchObject([{ from: [{ name: 'Me', email: 'me@example.org' }] }])
    }
  )

  test('is sent from a page without TLS, which lacks some functions of the browser', async () => {
    const scene = await opened()
    const lacking = vi.spyOn(crypto, 'randomUUID').mockImplementation(() => {
      throw new TypeError('crypto.randomUUID is not a function')
    })
    expect(await outcome(scene)).toBe('sent')
    lacking.mockRestore()
  })

  test('is sent once by a double click', async () => {
    const scene = await opened()
    void scene.mail.sending.send(scene.reply)
    expect(await outcome(scene)).toBe('sent')
    expect(within(scene.server, 'sent')).toHaveLength(1)
  })

  test('whose confirmation is lost is found by its Message-ID and not sent again', async () => {
    const scene = await opened()
    losingTheResponse(scene.server)
    expect(await outcome(scene)).toBe('sent')
    expect(scene.server.submissions.size).toBe(1)
    expect(within(scene.server, 'sent')).toHaveLength(1)
  })

  test('that never arrived is handed over again', async () => {
    const scene = await opened()
    let lost = 0
    scene.server.interrupt = (_, body) => {
      if (body.includes('EmailSubmission/set') && lost === 0) {
        lost += 1
        throw new TypeError('connection refused')
      }
      return null
    }
    expect(await outcome(scene)).toBe('sent')
    expect(scene.server.submissions.size).toBe(1)
  })

  test('of which only the draft was made is sent from there', async () => {
    const scene = await opened()
    draftOnly(scene.server)
    expect(await outcome(scene)).toBe('sent')
    expect([within(scene.server, 'drafts').length, within(scene.server, 'sent').length]).toEqual([0, 1])
    expect(scene.server.submissions.size).toBe(1)
  })

  test('that reaches the mail server after it was handed over again is sent once', async () => {
    const scene = await opened()
    const arrive = delayingTheFirst(scene.server)
    expect(await outcome(scene)).toBe('sent')
    arrive()
    expect(scene.server.submissions.size).toBe(1)
    expect([within(scene.server, 'drafts').length, within(scene.server, 'sent').length]).toEqual([0, 1])
  })

  test('that reaches the mail server just before it is handed over again is sent once', async () => {
    const scene = await opened()
    const arrive = delayingTheFirst(scene.server, () => arrive())
    expect(await outcome(scene)).toBe('sent')
    expect(scene.server.submissions.size).toBe(1)
  })

  test('is sent though new mail comes at the same moment', async () => {
    const scene = await opened()
    scene.server.interrupt = (_, body) => {
      if (body.includes('EmailSubmission/set')) {
        scene.server.interrupt = () => null
        scene.server.deliver()
      }
      return null
    }
    expect(await outcome(scene)).toBe('sent')
    expect(scene.server.submissions.size).toBe(1)
  })

  test('whose confirmation is lost is found among newer mail, wherever it was filed', async () => {
    for (const mailbox of ['sent', 'inbox']) {
      const scene = await opened()
      const { server } = scene
      losingTheResponse(server)
      const lost = server.interrupt
      server.interrupt = async (path, body) => {
        if (body.includes('Email/query') && server.submissions.size === 1) {
          server.update(server.submissions.get('s1') ?? '', { mailboxIds: { [mailbox]: true } })
          ;['drafts', 'sent', 'inbox'].forEach((newer) => server.deliver({ mailboxIds: { [newer]: true } }))
          server.interrupt = () => null
        }
        return lost(path, body)
      }
      expect(await outcome(scene)).toBe('sent')
      expect(server.submissions.size).toBe(1)
    }
  })

  test('that was submitted and not filed is not sent again', async () => {
    const scene = await opened()
    const { server } = scene
    server.interrupt = (path, body) => {
      if (body.includes('EmailSubmission/set')) {
        server.respond(path, body.replace('onSuccessUpdateEmail":{"#send"', 'onSuccessUpdateEmail":{"#none"'))
        throw new TypeError('connection reset')
      }
      return null
    }
    expect(await outcome(scene)).toBe('sent')
    expect(server.submissions.size).toBe(1)
  })

  test('that was taken is sent, whether or not its delivery status can be had', async () => {
    for (const failure of [503, 401]) {
      const scene = await opened()
      scene.server.interrupt = (_, body) =>
        body.includes('EmailSubmission/get') ? new Response('', { status: failure }) : null
      expect(await outcome(scene)).toBe('sent')
      expect(scene.mail.sending.draftOf('e1')).toBe('')
      expect(scene.server.submissions.size).toBe(1)
    }
  })

  test('that failed can be sent later', async () => {
    const scene = await opened()
    scene.server.interrupt = (path) => (path === '/jmap/' ? new Response('', { status: 503 }) : null)
    expect(await outcome(scene)).toMatchObject({ code: 'unavailable' })
    scene.server.interrupt = () => null
    expect(await outcome(scene)).toBe('sent')
  })

  test('is sent as the identity that has the own address', async () => {
    const scene = await opened()
    scene.server.identities = ['other@example.org', 'ME@example.org']
    expect(await outcome(scene)).toBe('sent')
    expect(within(scene.server, 'sent')).toMatchObject([{ from: [{ email: 'ME@example.org' }] }])
  })

  test('without a network is known at once not to be sent', async () => {
    const { mail, server, reply } = await opened()
    mail.sending.keep('e1', reply.text)
    server.interrupt = () => {
      throw new TypeError('Failed to fetch')
    }
    await expect(mail.sending.send(reply)).rejects.toMatchObject({ code: 'unavailable' })
    expect([mail.sending.draftOf('e1'), mail.connection.live]).toEqual(['The reply', 'offline'])
  })

  test('of which nobody knows whether it was sent is kept', async () => {
    const scene = await opened()
    scene.server.interrupt = (_, body) => {
      if (!body.includes('EmailSubmission/set')) return null
      scene.server.interrupt = () => {
        throw new TypeError('Failed to fetch')
      }
      throw new TypeError('Failed to fetch')
    }
    expect(await outcome(scene)).toMatchObject({ code: 'outcome_unknown' })
    expect(scene.mail.sending.draftOf('e1')).toBe('The reply')
  })

  test('that a reload interrupts is looked for before it is sent again', async () => {
    const first = await opened()
    losingTheResponse(first.server)
    const second = await reloadedWhileSending(first)
    expect(second.mail.sending.draftOf('e1')).toBe('The reply')
    expect(await outcome(second)).toBe('sent')
    expect(first.server.submissions.size).toBe(1)
  })

  test('that such a reload would quote differently is not sent again', async () => {
    const first = await opened()
    losingTheResponse(first.server)
    const second = await reloadedWhileSending(first)
    // The body of the message is not here yet, or the page speaks another language.
    expect(await outcome(second, { ...second.reply, quoted: '' })).toBe('sent')
    expect(first.server.submissions.size).toBe(1)
  })

  test('of which the session ended before it was known is not sent again after the next login', async () => {
    const scene = await opened()
    const { server } = scene
    server.interrupt = (path, body) => {
      if (body.includes('EmailSubmission/set')) {
        server.interrupt = () => Response.json({ code: 'no_session' }, { status: 401 })
        server.respond(path, body)
        throw new TypeError('connection reset')
      }
      return null
    }
    expect(await outcome(scene)).toMatchObject({ code: 'outcome_unknown' })
    server.interrupt = () => null
    expect(await outcome(scene)).toBe('sent')
    expect(server.submissions.size).toBe(1)
  })

  test('that was changed after such a reload is another mail', async () => {
    const first = await opened()
    losingTheResponse(first.server)
    const second = await reloadedWhileSending(first)
    expect(await outcome(second, { ...second.reply, text: 'Another reply' })).toBe('sent')
    expect(first.server.submissions.size).toBe(2)
  })

  test('that was changed before it was sent is sent as it is now', async () => {
    const first = await opened()
    const { server } = first
    draftOnly(server)
    const second = await reloadedWhileSending(first)
    expect(await outcome(second, { ...second.reply, text: 'Another reply' })).toBe('sent')
    expect(within(server, 'sent')).toMatchObject([{ bodyValues: { text: { value: 'Another reply\n\n> Q' } } }])
    expect(within(server, 'drafts')).toEqual([])
  })
})

describe('the mail server refuses', () => {
  function responding(server: ModelServer, replaced: Record<string, unknown>): void {
    server.interrupt = async (path, body) => {
      if (path !== '/jmap/') {
        return null
      }
      const response = (await server.respond(path, body).json()) as { methodResponses: Invocation[] }
      const methodResponses = response.methodResponses.map(([name, args, id]) => [name, replaced[name] ?? args, id])
      return Response.json({ ...response, methodResponses })
    }
  }

  test('the draft: its reason is told, the text stays', async () => {
    const scene = await opened()
    responding(scene.server, { 'Email/set': { notCreated: { draft: { type: 'overQuota', description: 'full' } } } })
    expect(await outcome(scene)).toMatchObject({ code: 'overQuota', detail: 'full' })
    expect(scene.mail.sending.draftOf('e1')).toBe('The reply')
  })

  test('to send: no draft is left behind', async () => {
    const scene = await opened()
    responding(scene.server, { 'EmailSubmission/set': { notCreated: { send: { type: 'forbiddenFrom' } } } })
    expect(await outcome(scene)).toMatchObject({ code: 'forbiddenFrom' })
    expect(within(scene.server, 'drafts')).toEqual([])
  })

  const REFUSED = { 'a@x': { delivered: 'no', smtpReply: '550 who?' } }

  test('some recipients: who did not get it is told, and it is sent', async () => {
    const scene = await opened()
    scene.server.deliveryStatus = { ...REFUSED, 'b@x': { delivered: 'queued', smtpReply: '250' } }
    expect(await outcome(scene)).toMatchObject({ code: 'some_recipients_refused', detail: 'a@x: 550 who?' })
    expect([scene.mail.sending.draftOf('e1'), within(scene.server, 'sent').length]).toEqual(['', 1])
  })

  test('all recipients: it lies nowhere as if it were sent, and its text is kept', async () => {
    const scene = await opened()
    const { server, mail } = scene
    server.deliveryStatus = REFUSED
    expect(await outcome(scene)).toMatchObject({ code: 'refused_recipients', detail: 'a@x: 550 who?' })
    expect([within(server, 'sent'), within(server, 'drafts')]).toEqual([[], []])
    expect(mail.reader.conversation?.messages).toHaveLength(1)
    expect(mail.list?.row(0)?.messages).toBe(1)
    expect([mail.sending.draftOf('e1'), server.emails.get('e1')?.keywords]).toEqual(['The reply', { $seen: true }])
  })

  test.each(['The reply', 'Another reply'])(
    'all recipients, and it could not be taken back: %j, sent after a reload, replaces it',
    async (text) => {
      const first = await opened()
      const { server } = first
      server.deliveryStatus = REFUSED
      server.interrupt = (_, body) => (body.includes('"undo"') ? new Response('', { status: 503 }) : null)
      expect(await outcome(first)).toMatchObject({ code: 'refused_recipients' })
      first.mail.stop()
      server.deliveryStatus = null
      const second = await opened(server)
      expect(await outcome(second, { ...second.reply, text })).toBe('sent')
      expect(within(server, 'sent')).toMatchObject([{ bodyValues: { text: { value: `${text}\n\n> Q` } } }])
    }
  )

  test('all recipients of a reply whose confirmation is lost: it is not taken for sent', async () => {
    const scene = await opened()
    scene.server.deliveryStatus = REFUSED
    losingTheResponse(scene.server)
    expect(await outcome(scene)).toMatchObject({ code: 'refused_recipients' })
    expect(within(scene.server, 'sent')).toEqual([])
    expect(scene.mail.sending.draftOf('e1')).toBe('The reply')
  })
})
