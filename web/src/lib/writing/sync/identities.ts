/** The identities with which the person may write (RFC 8621 §6). */
import { call } from '#lib/jmap/client.ts'
import type { EmailAddress, Id, Identity } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import { foundIn } from './responses.ts'

export const PROPERTIES = ['id', 'name', 'email', 'replyTo', 'textSignature', 'htmlSignature', 'mayDelete']

const known = new WeakMap<Session, Promise<readonly Identity[]>>()

/** Once a session. Raises JmapFailure. */
export function identitiesOf(session: Session, anew = false): Promise<readonly Identity[]> {
  let found = anew ? undefined : known.get(session)
  if (!found) {
    found = ask(session)
    // None, or no response: perhaps there are some a moment later.
    found.then(
      ({ length }) => length === 0 && known.delete(session),
      () => known.delete(session)
    )
    known.set(session, found)
  }
  return found
}

async function ask(session: Session): Promise<readonly Identity[]> {
  await session.connected()
  const get = call('Identity/get', 'get', { ids: null, properties: PROPERTIES })
  const results = await session.client.run([get])
  // A response that is none would be remembered for the whole session.
  return foundIn<Identity>(results, 'get').list.map(readable)
}

/** What cannot be read of one must not keep all messages from leaving. */
function readable(identity: Identity): Identity {
  const { name, email, replyTo } = identity as Partial<Record<keyof Identity, unknown>>
  const isAddress = (one: unknown): boolean => typeof (one as Partial<EmailAddress> | null)?.email === 'string'
  return {
    ...identity,
    name: typeof name === 'string' ? name : '',
    email: typeof email === 'string' ? email : '',
    replyTo: Array.isArray(replyTo) ? replyTo.filter(isAddress) : null
  }
}

/** The identity of that id, else the one of the account's own address. */
export function identityIn(identities: readonly Identity[], id: Id | null, own: string): Identity | undefined {
  return (
    identities.find((identity) => identity.id === id) ??
    identities.find(({ email }) => email.toLowerCase() === own.toLowerCase()) ??
    identities[0]
  )
}

/** From whom a draft is. A server that tells no identities must not keep it from being stored. */
export async function senderOf(session: Session, identityId: Id | null): Promise<EmailAddress> {
  const identities = await identitiesOf(session).catch(() => [])
  const identity = identityIn(identities, identityId, session.address)
  return { name: identity?.name || null, email: addressOf(identity, session.address) }
}

/** RFC 8621 §6: `*@example.org` stands for every address of a domain; that of Cyrus is empty. */
export function addressOf(identity: Identity | undefined, own: string): string {
  const email = identity?.email ?? ''
  return email === '' || email.startsWith('*@') ? own : email
}
