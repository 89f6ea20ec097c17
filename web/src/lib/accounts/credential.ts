/**
 * Passkeys and security keys. Kratos brings a script for them (x/webauthnx/js/webauthn.js); ours does the same from the
 * data of the node, since no script of a form is ever run. Bytes travel as base64url without padding.
 */
import { isObject, textOf } from '#lib/accounts/flow.ts'
import { nameForPasskey, type Button, type Values } from '#lib/accounts/form.ts'

type Json = Readonly<Record<string, unknown>>

/** Why there is no credential: the person cancelled, this key is registered already, or it cannot be used here. */
export type Refusal = 'cancelled' | 'known-already' | 'unusable'

export class CredentialRefused extends Error {
  readonly why: Refusal

  constructor(why: Refusal) {
    super(why)
    this.why = why
  }
}

/** Ask the authenticator, and return its credential as Kratos reads it. Throws CredentialRefused. */
export async function askAuthenticator(
  button: Button,
  values: Values,
  credentials: CredentialsContainer
): Promise<string> {
  try {
    const data: unknown = JSON.parse(button.data)
    const credential =
      button.trigger === 'create-credential'
        ? await credentials.create({ publicKey: creationOf(data, nameForPasskey(data, values)) })
        : await credentials.get({ publicKey: requestOf(data) })
    if (credential === null) throw new CredentialRefused('cancelled')
    return JSON.stringify(credentialJson(credential))
  } catch (error) {
    throw refusalOf(error)
  }
}

function refusalOf(error: unknown): CredentialRefused {
  if (error instanceof CredentialRefused) return error
  const name = error instanceof Error ? error.name : ''
  if (name === 'NotAllowedError' || name === 'AbortError') return new CredentialRefused('cancelled')
  return new CredentialRefused(name === 'InvalidStateError' ? 'known-already' : 'unusable')
}

/** PublicKeyCredentialRequestOptions (WebAuthn §5.5) from the JSON of Kratos. */
export function requestOf(data: unknown): PublicKeyCredentialRequestOptions {
  const json = publicKeyOf(data)
  const allowed = json['allowCredentials']
  return {
    ...json,
    challenge: bytesOf(textOf(json['challenge'])),
    ...(Array.isArray(allowed) ? { allowCredentials: allowed.map(descriptorOf) } : {})
  }
}

/** PublicKeyCredentialCreationOptions (WebAuthn §5.4) from the JSON of Kratos. */
export function creationOf(data: unknown, name: string | null): PublicKeyCredentialCreationOptions {
  const json = publicKeyOf(isObject(data) && isObject(data['credentialOptions']) ? data['credentialOptions'] : data)
  const user = isObject(json['user']) ? json['user'] : {}
  const excluded = json['excludeCredentials']
  return {
    ...json,
    challenge: bytesOf(textOf(json['challenge'])),
    user: { ...user, ...(name === null ? {} : { name, displayName: name }), id: bytesOf(textOf(user['id'])) },
    ...(Array.isArray(excluded) ? { excludeCredentials: excluded.map(descriptorOf) } : {})
  } as unknown as PublicKeyCredentialCreationOptions
}

function publicKeyOf(data: unknown): Json {
  if (!isObject(data) || !isObject(data['publicKey'])) throw new CredentialRefused('unusable')
  return data['publicKey']
}

function descriptorOf(value: unknown): PublicKeyCredentialDescriptor {
  const json = isObject(value) ? value : {}
  return { type: 'public-key', ...json, id: bytesOf(textOf(json['id'])) }
}

function credentialJson(found: Credential): Json {
  const credential = found as PublicKeyCredential
  const head = { id: credential.id, rawId: base64url(credential.rawId), type: credential.type }
  const { response } = credential
  const clientDataJSON = base64url(response.clientDataJSON)
  if ('attestationObject' in response) {
    const { attestationObject } = response as AuthenticatorAttestationResponse
    return { ...head, response: { attestationObject: base64url(attestationObject), clientDataJSON } }
  }
  const { authenticatorData, signature, userHandle } = response as AuthenticatorAssertionResponse
  const assertion = { authenticatorData: base64url(authenticatorData), clientDataJSON, signature: base64url(signature) }
  return { ...head, response: { ...assertion, userHandle: userHandle ? base64url(userHandle) : '' } }
}

/** Reads base64url, and base64 with or without padding. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, ''))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

export function base64url(bytes: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
