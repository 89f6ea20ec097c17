/** Identities are made, changed and taken away (RFC 8621 §6). What was changed elsewhere meanwhile is not overwritten. */
import { call } from '#lib/jmap/client.ts'
import { JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { Arguments, EmailAddress, GetResponse, Id, Identity, SetError, SetResponse } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import { identitiesOf, PROPERTIES } from './identities.ts'

/** What a person changes of an identity. The address stays what it is (RFC 8621 §6). */
export interface IdentityValues {
  readonly name: string
  readonly replyTo: readonly EmailAddress[] | null
  readonly textSignature: string
  readonly htmlSignature: string
}

/** Another device changed the identity since its values were read here. */
export const CHANGED_ELSEWHERE = 'identity_changed'
/** It is not there any more. */
export const GONE = 'identity_gone'
/** The mail server lets nobody write as this address from here. */
export const NOT_ALLOWED = 'forbiddenFrom'
/** A value of it is longer than the mail server takes. */
export const TOO_LONG = 'identity_too_long'

/** Tries while other identities are changed at the same moment. */
const MOST_TRIES = 5

export class IdentityEdits {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** As the mail server has them now. Raises JmapFailure. */
  async read(): Promise<readonly Identity[]> {
    const found = await identitiesOf(this.#session, true)
    this.#session.tell('identities')
    return found
  }

  /** Returns its id. Raises JmapFailure. */
  async make(email: string, values: IdentityValues): Promise<Id> {
    const results = await this.#run({ create: { new: { email, ...values } } })
    const { created, notCreated } = results
    await this.read()
    const id = created?.['new']?.id
    if (id === undefined) throw refused(notCreated?.['new'])
    return id
  }

  /** `before`: what was shown to the person. Raises JmapFailure. */
  async change(id: Id, before: IdentityValues, values: IdentityValues): Promise<void> {
    for (let attempt = 0; attempt < MOST_TRIES; attempt += 1) {
      const { state, identity } = await this.#now(id)
      if (!identity) throw new JmapFailure(GONE)
      if (!isSame(valuesOf(identity), before) && !isSame(valuesOf(identity), values)) {
        await this.read()
        throw new JmapFailure(CHANGED_ELSEWHERE)
      }
      const response = await this.#run({ ifInState: state, update: { [id]: values } }).catch((failure: unknown) => {
        if (failure instanceof JmapFailure && failure.code === 'stateMismatch') return null
        throw failure
      })
      if (response) {
        const error = response.notUpdated?.[id]
        if (error) throw refused(error)
        await this.read()
        return
      }
    }
    throw new JmapFailure('stateMismatch', { transient: true })
  }

  /** One that is gone already is no failure. Raises JmapFailure. */
  async remove(id: Id): Promise<void> {
    const { notDestroyed } = await this.#run({ destroy: [id] })
    const error = notDestroyed?.[id]
    await this.read()
    if (error && error.type !== 'notFound') throw refused(error)
  }

  async #now(id: Id): Promise<{ readonly state: string; readonly identity: Identity | undefined }> {
    await this.#session.connected()
    const results = await this.#session.client.run([call('Identity/get', 'get', { ids: [id], properties: PROPERTIES })])
    const { state, list } = results.get<GetResponse<Identity>>('get')
    return { state, identity: list[0] }
  }

  async #run(args: Arguments): Promise<SetResponse> {
    await this.#session.connected()
    return (await this.#session.client.run([call('Identity/set', 'set', args)])).get<SetResponse>('set')
  }
}

export function valuesOf(identity: Identity): IdentityValues {
  return {
    name: identity.name,
    replyTo: identity.replyTo?.length ? identity.replyTo : null,
    textSignature: identity.textSignature ?? '',
    htmlSignature: identity.htmlSignature ?? ''
  }
}

function isSame(one: IdentityValues, other: IdentityValues): boolean {
  const addresses = (values: IdentityValues): string[] =>
    (values.replyTo ?? []).map(({ name, email }) => `${name ?? ''} <${email.toLowerCase()}>`)
  return (
    one.name === other.name &&
    one.textSignature === other.textSignature &&
    one.htmlSignature === other.htmlSignature &&
    JSON.stringify(addresses(one)) === JSON.stringify(addresses(other))
  )
}

function refused(error: SetError | undefined): JmapFailure {
  const type = error?.type ?? 'unknown'
  const properties = error?.properties ?? []
  if (type === 'invalidProperties' && properties.includes('email')) return new JmapFailure(NOT_ALLOWED)
  const isText = properties.some((name) => ['name', 'textSignature', 'htmlSignature'].includes(name))
  if (type === 'invalidProperties' && isText) return new JmapFailure(TOO_LONG)
  return error ? refusal(error) : new JmapFailure(type)
}
