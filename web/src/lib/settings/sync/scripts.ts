/** The Sieve scripts of the account (RFC 9661), of which at most one runs. */
import { call, CAPABILITY_OF, capabilityOf } from '#lib/jmap/client.ts'
import { JmapFailure, refusal } from '#lib/jmap/errors.ts'
import { uploadUrl } from '#lib/jmap/upload.ts'
import type { Arguments, GetResponse, Id, SetResponse } from '#lib/jmap/types.ts'
import { mistakeOf, type Mistake } from '#lib/settings/domain/errors.ts'
import type { Session } from '#lib/sync/session.ts'

export const SIEVE = 'urn:ietf:params:jmap:sieve'
CAPABILITY_OF['SieveScript'] = SIEVE

const TYPE = 'application/sieve'

export interface StoredScript {
  readonly id: Id
  readonly name: string
  readonly blobId: Id
  readonly isActive: boolean
}

export interface Stored {
  readonly state: string
  readonly scripts: readonly StoredScript[]
}

/** What is put in place of `id`, or made, and then runs. */
export interface Put {
  readonly id: Id | null
  readonly name: string
  readonly blobId: Id
  /** another script that gets another name before, so that nothing is lost */
  readonly renamed?: { readonly id: Id; readonly name: string } | undefined
}

export class Scripts {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** What the server's Sieve can do (RFC 9661 §1.3); null: it has none. Connected only. */
  get capability(): unknown {
    return capabilityOf(this.#session.client, SIEVE)
  }

  async all(): Promise<Stored> {
    await this.#session.connected()
    const properties = ['id', 'name', 'blobId', 'isActive']
    const results = await this.#session.client.run([call('SieveScript/get', 'get', { ids: null, properties })])
    const { state, list } = results.get<GetResponse<StoredScript>>('get')
    return { state, scripts: list }
  }

  textOf({ blobId }: Pick<StoredScript, 'blobId'>): Promise<string> {
    const { client } = this.#session
    // A type that no browser runs.
    const url = client.downloadUrl({ blobId, name: 'filters.sieve', type: 'application/octet-stream' })
    return client.download(url, (response) => response.text())
  }

  /** Upload it, and ask the server whether it is valid: what it refuses replaces nothing. */
  async check(text: string): Promise<{ readonly blobId: Id; readonly mistake: Mistake | null }> {
    const { client, ports } = this.#session
    const init = { method: 'POST', headers: { 'Content-Type': TYPE }, body: new Blob([text], { type: TYPE }) }
    const made = await client.download(
      uploadUrl(client, ports.origin),
      (response): Promise<unknown> => response.json(),
      init
    )
    const { blobId } = (made ?? {}) as { blobId?: unknown }
    if (typeof blobId !== 'string') {
      throw new JmapFailure('unknown', { transient: true })
    }
    const results = await client.run([call('SieveScript/validate', 'validate', { blobId })])
    const { error } = results.get<{ error: { type: string; description?: string | null } | null }>('validate')
    if (error && error.type !== 'invalidScript') {
      throw new JmapFailure(error.type, { detail: error.description ?? null })
    }
    return { blobId, mistake: error ? mistakeOf(error.description, text) : null }
  }

  /** Raises JmapFailure, `stateMismatch` if scripts were changed since `state`. */
  async put({ id, name, blobId, renamed }: Put, state: string): Promise<void> {
    // Before the other one: RFC 8620 §5.3 creates first, and a name can be had once.
    const ifInState = renamed
      ? await this.#set({ ifInState: state, update: { [renamed.id]: { name: renamed.name } } })
      : state
    await this.#set({
      ifInState,
      ...(id === null ? { create: { new: { name, blobId } } } : { update: { [id]: { blobId } } }),
      onSuccessActivateScript: id ?? '#new'
    })
  }

  async activate(id: Id): Promise<void> {
    await this.#set({ onSuccessActivateScript: id })
  }

  /** Returns the new state. */
  async #set(args: Arguments): Promise<string> {
    const results = await this.#session.client.run([call('SieveScript/set', 'set', args)])
    const { notCreated, notUpdated, newState } = results.get<SetResponse>('set')
    const [refused] = [...Object.values(notCreated ?? {}), ...Object.values(notUpdated ?? {})]
    if (refused) {
      throw refusal(refused)
    }
    return newState
  }
}
