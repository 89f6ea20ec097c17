/** /api/settings beside a model server. */
import { createMail, type MailState } from '#lib/state/create-mail.svelte.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

/** One document, changed only by who knows its present form. */
export class Settings {
  document: unknown = {}
  /** Another tab writes between a GET and a PUT. */
  meanwhile: (() => void) | null = null

  get tag(): string {
    return encodeURIComponent(JSON.stringify(this.document))
  }

  respond(init: RequestInit | undefined): Response | Promise<Response> {
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
    return new Response(null, { status: 204, headers: { ETag: this.tag } })
  }
}

/** `early`: what is done before it is known who is signed in. */
export async function openedWith(
  settings: Settings | null,
  world = new World(),
  server = new ModelServer(),
  early: (mail: MailState) => unknown = () => undefined
): Promise<MailState> {
  const fetch = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const isSettings = input instanceof URL && input.pathname === '/api/settings'
    return isSettings && settings ? Promise.resolve(settings.respond(init)) : server.fetch(input, init)
  }
  const mail = createMail(world.ports(fetch))
  mail.show(null)
  early(mail)
  await settled()
  return mail
}
