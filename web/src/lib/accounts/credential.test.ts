import {
  askAuthenticator,
  base64url,
  bytesOf,
  creationOf,
  CredentialRefused,
  requestOf
} from '#lib/accounts/credential.ts'
import { formOf, type Button } from '#lib/accounts/form.ts'
import type { FlowKind } from '#lib/accounts/flow.ts'
import { expect, test } from 'vitest'
import { recordedFlow } from '../../../tests/recorded.ts'

function trigger(kind: FlowKind, name: string, button: string): Button {
  const parts = formOf(recordedFlow(kind, name)).groups.flatMap((group) => group.parts)
  const found = parts.find((part) => part.is === 'button' && part.name === button)
  if (found?.is !== 'button') throw new Error(`there is no ${button}`)
  return found
}

function buffer(text: string): ArrayBuffer {
  return bytesOf(btoa(text)).buffer
}

/** An authenticator that gives `credential` and remembers what it was asked. */
function authenticator(credential: unknown): { asked: unknown[]; container: CredentialsContainer } {
  const asked: unknown[] = []
  const reply = (options: unknown) => {
    asked.push(options)
    return credential instanceof Error ? Promise.reject(credential) : Promise.resolve(credential)
  }
  return { asked, container: { create: reply, get: reply } as unknown as CredentialsContainer }
}

test('bytes travel as base64url without padding, and come back from every spelling', () => {
  const bytes = Uint8Array.from([251, 255, 0, 62, 63])
  expect(base64url(bytes.buffer)).toBe('-_8APj8')
  for (const text of ['-_8APj8', '-_8APj8=', '+/8APj8=']) expect(bytesOf(text)).toEqual(bytes)
})

test('a passkey answers in the form that Kratos’ own script sends', async () => {
  const response = {
    authenticatorData: buffer('data'),
    clientDataJSON: buffer('client'),
    signature: buffer('sig'),
    userHandle: buffer('user')
  }
  const { asked, container } = authenticator({ id: 'aWQ', rawId: buffer('id'), type: 'public-key', response })
  const sent: unknown = JSON.parse(
    await askAuthenticator(trigger('login', 'login', 'passkey_login_trigger'), {}, container)
  )
  expect(sent).toEqual({
    id: 'aWQ',
    rawId: 'aWQ',
    type: 'public-key',
    response: { authenticatorData: 'ZGF0YQ', clientDataJSON: 'Y2xpZW50', signature: 'c2ln', userHandle: 'dXNlcg' }
  })
  expect(asked).toMatchObject([{ publicKey: { challenge: expect.any(Uint8Array) as object, rpId: 'localhost' } }])
})

test('a security key without a user handle answers with an empty one', async () => {
  const response = {
    authenticatorData: buffer('a'),
    clientDataJSON: buffer('b'),
    signature: buffer('c'),
    userHandle: null
  }
  const { container } = authenticator({ id: 'aWQ', rawId: buffer('id'), type: 'public-key', response })
  const sent = await askAuthenticator(trigger('login', 'login', 'passkey_login_trigger'), {}, container)
  expect(JSON.parse(sent)).toMatchObject({ response: { userHandle: '' } })
})

test.each<[FlowKind, string, string]>([
  ['registration', 'registration', 'passkey_register_trigger'],
  ['registration', 'registration', 'webauthn_register_trigger'],
  ['settings', 'settings', 'passkey_register_trigger'],
  ['settings', 'settings', 'webauthn_register_trigger']
])('a new key is made from the data of the node: %s %s %s', async (kind, name, button) => {
  const response = { attestationObject: buffer('object'), clientDataJSON: buffer('client') }
  const { asked, container } = authenticator({ id: 'aWQ', rawId: buffer('id'), type: 'public-key', response })
  const values = { 'traits.email': 'ada@example.org' }
  const sent: unknown = JSON.parse(await askAuthenticator(trigger(kind, name, button), values, container))
  expect(sent).toMatchObject({ response: { attestationObject: 'b2JqZWN0', clientDataJSON: 'Y2xpZW50' } })
  const [{ publicKey }] = asked as [{ publicKey: PublicKeyCredentialCreationOptions }]
  expect(publicKey.rp).toEqual({ name: 'Postroom', id: 'localhost' })
  expect(publicKey.user.id).toBeInstanceOf(Uint8Array)
  expect(publicKey.challenge).toBeInstanceOf(Uint8Array)
  // A passkey carries the address that is typed; Kratos knows it in settings, and names keys by itself.
  const isNamedByField = kind === 'registration' && button === 'passkey_register_trigger'
  expect(publicKey.user.name === 'ada@example.org').toBe(isNamedByField || (kind === 'settings' && button[0] === 'p'))
})

test('lists of known keys are decoded as well', () => {
  const known = [{ type: 'public-key', id: 'aWQ' }]
  const challenge = 'Yw'
  expect(requestOf({ publicKey: { challenge, allowCredentials: known } }).allowCredentials?.[0]?.id).toEqual(
    bytesOf('aWQ')
  )
  const made = creationOf({ publicKey: { challenge, user: { id: 'dQ' }, excludeCredentials: known } }, null)
  expect(made.excludeCredentials?.[0]?.id).toEqual(bytesOf('aWQ'))
})

test.each([
  [new DOMException('cancelled', 'NotAllowedError'), 'cancelled'],
  [new DOMException('stopped', 'AbortError'), 'cancelled'],
  [new DOMException('registered', 'InvalidStateError'), 'known-already'],
  [new DOMException('other site', 'SecurityError'), 'unusable'],
  [null, 'cancelled']
])('why there is no credential is told in one of three words: %s', async (error, why) => {
  const { container } = authenticator(error)
  const asking = askAuthenticator(trigger('login', 'login', 'passkey_login_trigger'), {}, container)
  await expect(asking).rejects.toThrow(new CredentialRefused(why as 'cancelled'))
})

test('data that is no question for an authenticator is refused', async () => {
  const { asked, container } = authenticator(null)
  const broken = { ...trigger('login', 'login', 'passkey_login_trigger'), data: '{"publicKey":7}' }
  await expect(askAuthenticator(broken, {}, container)).rejects.toThrow('unusable')
  expect(asked).toEqual([])
})
