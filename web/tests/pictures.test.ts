import { describe, expect, test } from 'vitest'
import { createMail, type MailState } from '#lib/state/create-mail.svelte.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

/** /api/settings: one document, changed only by who knows its present form. */
class Settings {
  document: unknown = {}
  /** Another tab writes between a GET and a PUT. */
  meanwhile: (() => void) | null = null

  get tag(): string {
    return JSON.stringify(this.document)
  }

  answer(init: RequestInit | undefined): Response {
    if (init?.method !== 'PUT') {
      const response = Response.json(this.document, { headers: { ETag: this.tag } })
      this.meanwhile?.()
      this.meanwhile = null
      return response
    }
    if (new Headers(init.headers).get('If-Match') !== this.tag) {
      return Response.json({ code: 'settings_changed' }, { status: 412 })
    }
    this.document = JSON.parse(init.body as string)
    return new Response(null, { status: 204 })
  }
}

async function opened(settings: Settings | null): Promise<MailState> {
  const server = new ModelServer()
  const fetch = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const isSettings = input instanceof URL && input.pathname === '/api/settings'
    return isSettings && settings ? Promise.resolve(settings.answer(init)) : server.fetch(input, init)
  }
  const mail = createMail(new World().ports(fetch))
  mail.show(null)
  await settled()
  return mail
}

describe('senders whose pictures may be shown', () => {
  test('are those that the service keeps', async () => {
    const settings = new Settings()
    settings.document = { pictures: { senders: ['ann@example.net'] } }
    const mail = await opened(settings)
    expect([mail.picturesAllowed('Ann@Example.net'), mail.picturesAllowed('bo@example.net')]).toEqual([true, false])
  })

  test('are added without touching anything else', async () => {
    const settings = new Settings()
    settings.document = { theme: 'dark', pictures: { senders: ['ann@example.net'], more: 1 } }
    const mail = await opened(settings)
    await mail.allowPictures('Bo@example.net')
    expect(settings.document).toEqual({
      theme: 'dark',
      pictures: { senders: ['ann@example.net', 'bo@example.net'], more: 1 }
    })
    expect(mail.picturesAllowed('bo@example.net')).toBe(true)
  })

  test('are merged with what another tab wrote meanwhile', async () => {
    const settings = new Settings()
    const mail = await opened(settings)
    settings.meanwhile = () => {
      settings.document = { theme: 'dark', pictures: { senders: ['cy@example.net'] } }
    }
    await mail.allowPictures('bo@example.net')
    expect(settings.document).toEqual({ theme: 'dark', pictures: { senders: ['cy@example.net', 'bo@example.net'] } })
  })

  test.each([{ pictures: 'all' }, { pictures: { senders: 'all' } }, { pictures: { senders: [1] } }])(
    'of an unreadable document %j are none',
    async (document) => {
      const settings = new Settings()
      settings.document = document
      const mail = await opened(settings)
      expect(mail.picturesAllowed('ann@example.net')).toBe(false)
    }
  )

  test('that cannot be kept are told as a trouble', async () => {
    const mail = await opened(null)
    await expect(mail.allowPictures('bo@example.net')).rejects.toMatchObject({ code: 'unknown' })
  })
})
