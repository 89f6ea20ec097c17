/** The person's identities, in the settings. */
import { recipientsOf } from '#lib/writing/domain/recipients.ts'
import { isAddress } from '#lib/writing/domain/address.ts'
import { editableSignature, signatureOf, type Clean } from '#lib/writing/domain/signature.ts'
import type { EmailAddress, Identity } from '#lib/jmap/types.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import { addressOf, identityIn } from '#lib/writing/sync/identities.ts'
import { IdentityEdits, valuesOf, type IdentityValues } from '#lib/writing/sync/identity-edits.ts'
import type { Session } from '#lib/sync/session.ts'
import type { PreferredIdentity } from './preferred-identity.ts'
import { troubled } from '#lib/state/trouble-of.ts'

/** What a person types. */
export interface IdentityForm {
  name: string
  address: string
  /** addresses, in a line; empty for none */
  replyTo: string
  /** of the editor */
  signature: string
}

export interface OwnIdentity {
  readonly id: string
  readonly name: string
  readonly address: string
  readonly values: IdentityValues
  /** new messages are written as it */
  readonly isPreferred: boolean
  readonly mayDelete: boolean
}

export const NEW_IDENTITY: IdentityForm = { name: '', address: '', replyTo: '', signature: '' }

export class IdentitiesState {
  readonly #session: Session
  readonly #edits: IdentityEdits
  readonly #preferred: PreferredIdentity
  #preferredId = $state.raw<string | null>(null)
  #found = $state.raw<readonly Identity[] | null>(null)
  /** why they could not be read */
  trouble = $state.raw<Trouble | null>(null)

  constructor(session: Session, preferred: PreferredIdentity) {
    this.#session = session
    this.#edits = new IdentityEdits(session)
    this.#preferred = preferred
  }

  /** null until they are known */
  get items(): readonly OwnIdentity[] | null {
    const own = this.#session.address
    const preferred = identityIn(this.#found ?? [], this.#preferredId, own)?.id
    return (
      this.#found?.map((identity) => ({
        id: identity.id,
        name: identity.name,
        address: addressOf(identity, own),
        values: valuesOf(identity),
        isPreferred: identity.id === preferred,
        mayDelete: identity.mayDelete ?? false
      })) ?? null
    )
  }

  async load(): Promise<void> {
    try {
      const [found] = await troubled(
        // Which one is preferred is known on this device, too.
        Promise.all([this.#edits.read(), this.#preferred.read().catch(() => undefined)])
      )
      this.#found = found
      this.#preferredId = this.#preferred.id
      this.trouble = null
    } catch (trouble) {
      this.trouble = trouble as Trouble
    }
  }

  /** Makes one, or changes the one that was shown. Rejects with a Trouble. */
  async save(shown: OwnIdentity | null, form: IdentityForm, clean: Clean): Promise<void> {
    const values = valuesFrom(form, clean)
    const address = form.address.trim()
    const saved: Promise<unknown> = shown
      ? this.#edits.change(shown.id, shown.values, values)
      : this.#edits.make(address, values)
    await troubled(saved).finally(() => this.load())
  }

  /** Rejects with a Trouble. */
  async remove({ id }: OwnIdentity): Promise<void> {
    await troubled(this.#edits.remove(id)).finally(() => this.load())
  }

  /** Rejects with a Trouble: it holds on this device only. */
  async prefer({ id }: OwnIdentity): Promise<void> {
    this.#preferredId = id
    await troubled(this.#preferred.choose(id))
  }
}

/** What the form begins with. */
export function formOf({ name, address, values }: OwnIdentity, clean: Clean): IdentityForm {
  const replyTo = (values.replyTo ?? []).map(addressText).join(', ')
  return { name, address, replyTo, signature: editableSignature(values, clean) }
}

function addressText({ name, email }: EmailAddress): string {
  return name ? `${name} <${email}>` : email
}

function valuesFrom({ name, replyTo, signature }: IdentityForm, clean: Clean): IdentityValues {
  const replies = recipientsOf(replyTo).map((one) => ({ name: one.name || null, email: one.address }))
  return { name: name.trim(), replyTo: replies.length > 0 ? replies : null, ...signatureOf(signature, clean) }
}

/** What is wrong with the form: in which field, and the text that is no address. */
export function wrongIdentity({
  address,
  replyTo
}: IdentityForm): { field: 'address' | 'replyTo'; text: string } | null {
  if (!isAddress(address.trim())) return { field: 'address', text: address.trim() }
  const wrong = recipientsOf(replyTo).find((one) => !isAddress(one.address))
  return wrong ? { field: 'replyTo', text: wrong.address } : null
}
