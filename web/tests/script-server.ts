import { JmapFailure } from '#lib/jmap/errors.ts'
import type { Filter } from '#lib/settings/domain/filter.ts'
import type { PartContext } from '#lib/state/part-context.ts'
import { SieveState } from '#lib/settings/state/sieve-state.svelte.ts'
import { SIEVE } from '#lib/settings/sync/scripts.ts'

interface Script {
  id: string
  name: string
  blobId: string
  isActive: boolean
}

/** A server's scripts; `text` of each is its blob. */
export class ScriptServer {
  scripts: Script[] = []
  state = 1
  capability: object | null = { sieveExtensions: ['fileinto', 'imap4flags', 'vacation', 'date', 'relational'] }
  mistake: string | null = null
  down = false
  /** It stores, and makes nothing run. */
  isIdle = false
  /** of the next change: it is made, and nobody hears of it */
  isResponseLost = false
  /** until then the text of a script does not come */
  reading: Promise<unknown> = Promise.resolve()
  /** of the list of scripts */
  reads = 0
  /** null: it does not answer */
  identities: { id: string; email: string }[] | null = []
  readonly blobs = new Map<string, string>()
  readonly reported: unknown[] = []
  /** another device's change, once: between the look at the scripts and the change of this page */
  meanwhile: (() => unknown) | null = null
  #made = 0

  put(name: string, text: string, isActive: boolean): Script {
    const script = { id: this.#id(), name, blobId: this.blob(text), isActive }
    this.scripts = [...this.scripts.filter((one) => one.name !== name), script]
    this.state += 1
    return script
  }

  blob(text: string): string {
    const id = `b${String(this.blobs.size)}`
    this.blobs.set(id, text)
    return id
  }

  #id(): string {
    this.#made += 1
    return `s${String(this.#made)}`
  }

  /** of the one that runs */
  get running(): string | undefined {
    const active = this.scripts.find(({ isActive }) => isActive)
    return active && this.blobs.get(active.blobId)
  }

  context(): PartContext {
    const resource = {
      accounts: { a: { accountCapabilities: { [SIEVE]: this.capability } } },
      uploadUrl: 'https://m/u'
    }
    const listeners = new Set<() => void>()
    const session = {
      on: (_: string, work: () => void) => listeners.add(work),
      tell: () => listeners.forEach((work) => work()),
      address: 'me@example.org',
      connected: () => Promise.resolve(),
      ports: {
        origin: 'https://m',
        unique: () => 'u'.repeat(20),
        report: (mistake: unknown) => this.reported.push(mistake)
      },
      client: {
        session: resource,
        accountId: 'a',
        downloadUrl: ({ blobId }: Script) => blobId,
        download: (url: string, read: (response: Response) => unknown, init?: { body: Blob }) =>
          init ? this.#upload(init.body, read) : this.reading.then(() => read(new Response(this.blobs.get(url) ?? ''))),
        run: ([{ name, args }]: [{ name: string; args: Record<string, unknown> }]) => this.#run(name, args)
      }
    }
    const mailboxes = { byId: () => undefined, byRole: () => undefined }
    return { session, mailboxes } as unknown as PartContext
  }

  async #upload(body: Blob, read: (response: Response) => unknown): Promise<unknown> {
    const text = await new Promise<string>((resolve) => {
      const reader = new FileReader()
      reader.onload = () => resolve(reader.result as string)
      reader.readAsText(body)
    })
    return read(Response.json({ blobId: this.blob(text) }))
  }

  #run(name: string, args: Record<string, unknown>): Promise<unknown> {
    if (this.down) return Promise.reject(new JmapFailure('mail_server_away', { transient: true }))
    if (name === 'Identity/get')
      return this.identities
        ? given({ state: '1', list: this.identities })
        : Promise.reject(new JmapFailure('mail_server_away', { transient: true }))
    if (name === 'SieveScript/get') this.reads += 1
    if (name === 'SieveScript/get')
      return given({ state: String(this.state), list: this.scripts.map((one) => ({ ...one })) })
    if (name === 'SieveScript/validate')
      return given({ error: this.mistake && { type: 'invalidScript', description: this.mistake } })
    if (name === 'SieveScript/set') return this.#set(args)
    return given({ list: [] })
  }

  #set(args: Record<string, unknown>): Promise<unknown> {
    const { meanwhile } = this
    this.meanwhile = null
    meanwhile?.()
    const {
      ifInState,
      create,
      update,
      onSuccessActivateScript: active
    } = args as {
      ifInState?: string
      create?: Record<string, Script>
      update?: Record<string, Partial<Script>>
      onSuccessActivateScript?: string
    }
    if (ifInState !== undefined && ifInState !== String(this.state))
      return Promise.reject(new JmapFailure('stateMismatch'))
    for (const [id, change] of Object.entries(update ?? {}))
      this.scripts = this.scripts.map((one) => (one.id === id ? { ...one, ...change } : one))
    for (const made of Object.values(create ?? {})) this.scripts.push({ ...made, id: this.#id(), isActive: false })
    const runs = active === '#new' ? this.scripts.at(-1)?.id : active
    if (runs !== undefined && !this.isIdle)
      this.scripts = this.scripts.map((one) => ({ ...one, isActive: one.id === runs }))
    this.state += 1
    if (this.isResponseLost) {
      this.isResponseLost = false
      return Promise.reject(new JmapFailure('mail_server_broke_off', { transient: true }))
    }
    return given({ newState: String(this.state) })
  }
}

function given(response: object): Promise<unknown> {
  return Promise.resolve({ get: () => response })
}

export const STAR: Filter = {
  id: 'f1',
  name: 'Orders',
  on: true,
  match: 'any',
  conditions: [{ field: 'subject', test: 'contains', value: 'order', header: '' }],
  actions: [{ kind: 'star', value: '' }],
  stop: false
}

export async function loaded(server = new ScriptServer()): Promise<{ server: ScriptServer; state: SieveState }> {
  const state = new SieveState(server.context())
  await state.load()
  return { server, state }
}
