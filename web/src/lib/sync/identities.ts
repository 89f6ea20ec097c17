/** The identities with which the person may write (RFC 8621 §6). */
import { call } from '#lib/jmap/client.ts'
import type { EmailAddress, Id, Identity } from '#lib/jmap/types.ts'
import type { Account } from './account.ts'
import { foundIn } from './responses.ts'

export const PROPERTIES = ['id', 'name', 'email', 'replyTo', 'textSignature', 'htmlSignature', 'mayDelete']

const known = new WeakMap<Account, Promise<readonly Identity[]>>()
const listening = new WeakMap<Account, Set<() => void>>()

/** Call when they may be others than before; returns how to end that. */
export function onIdentities(account: Account, work: () => void): () => void {
  const all = listening.get(account) ?? new Set()
  listening.set(account, all.add(work))
  return () => void all.delete(work)
}

export function tellOfIdentities(account: Account): void {
  listening.get(account)?.forEach((work) => work())
}

/** Once a session. Raises JmapFailure. */
export function identitiesOf(account: Account, anew = false): Promise<readonly Identity[]> {
  let found = anew ? undefined : known.get(account)
  if (!found) {
    found = ask(account)
    // None, or no response: perhaps there are some a moment later.
    found.then(
      ({ length }) => length === 0 && known.delete(account),
      () => known.delete(account)
    )
    known.set(account, found)
  }
  return found
}

async function ask(account: Account): Promise<readonly Identity[]> {
  await account.connected()
  const get = call('Identity/get', 'get', { ids: null, properties: PROPERTIES })
  const results = await account.client.run([get])
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
export async function senderOf(account: Account, identityId: Id | null): Promise<EmailAddress> {
  const identities = await identitiesOf(account).catch(() => [])
  const identity = identityIn(identities, identityId, account.address)
  return { name: identity?.name || null, email: addressOf(identity, account.address) }
}

/** RFC 8621 §6: `*@example.org` stands for every address of a domain; that of Cyrus is empty. */
export function addressOf(identity: Identity | undefined, own: string): string {
  const email = identity?.email ?? ''
  return email === '' || email.startsWith('*@') ? own : email
}
