/** As whom the person writes, in the settings. Loaded on use: `mail.later`. */
import { recipientsOf } from '#lib/compose/recipients.ts'
import { isAddress } from '#lib/compose/address.ts'
import { editableSignature, signatureOf } from '#lib/compose/signature.ts'
import type { EmailAddress, Identity } from '#lib/jmap/types.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import { addressOf, identityIn } from '#lib/sync/identities.ts'
import { IdentityEdits, valuesOf, type IdentityValues } from '#lib/sync/identity-edits.ts'
import type { Inside } from './inside.ts'
import { troubled } from './trouble-of.ts'

type Clean = (html: string) => string

/** What a person types. */
export interface IdentityForm {
  readonly name: string
  readonly address: string
  /** addresses, in a line; empty for none */
  readonly replyTo: string
  /** of the editor */
  readonly signature: string
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
  readonly #inside: Inside
  readonly #edits: IdentityEdits
  #found = $state.raw<readonly Identity[] | null>(null)
  /** why they could not be read */
  trouble = $state.raw<Trouble | null>(null)

  constructor(inside: Inside) {
    this.#inside = inside
    this.#edits = new IdentityEdits(inside.account)
  }

  /** null until they are known */
  get items(): readonly OwnIdentity[] | null {
    const own = this.#inside.account.address
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
      this.#found = await troubled(this.#edits.read())
      this.trouble = null
    } catch (trouble) {
      this.trouble = trouble as Trouble
    }
  }

  /** Makes one, or changes the one that was shown. Rejects with a Trouble. */
  async save(shown: OwnIdentity | null, form: IdentityForm, clean: Clean): Promise<void> {
    const values = valuesFrom(form, clean)
    await troubled(
      shown ? this.#edits.change(shown.id, shown.values, values) : this.#edits.make(form.address.trim(), values)
    ).finally(() => this.load())
  }

  /** Rejects with a Trouble. */
  async remove({ id }: OwnIdentity): Promise<void> {
    await troubled(this.#edits.remove(id)).finally(() => this.load())
  }

  prefer({ id }: OwnIdentity): void {
    this.#inside.preferences.set({ identity: id })
  }

  get #preferredId(): string | null {
    return preferredIdentity(this.#inside.preferences)
  }
}

/** The id of the identity that the person prefers; null for the one of the account's own address. */
export function preferredIdentity({ choices }: Pick<Inside['preferences'], 'choices'>): string | null {
  const chosen = choices['identity']?.[0]
  return typeof chosen === 'string' && chosen !== '' ? chosen : null
}

/** What the form begins with. */
export function formOf({ name, address, values }: OwnIdentity, clean: Clean): IdentityForm {
  const replyTo = (values.replyTo ?? []).map(addressText).join(', ')
  return { name, address, replyTo, signature: editableSignature(values, clean) }
}

function addressText({ name, email }: EmailAddress): string {
  return name ? `${name} <${email}>` : email
}

export function valuesFrom({ name, replyTo, signature }: IdentityForm, clean: Clean): IdentityValues {
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

export function create(inside: Inside): IdentitiesState {
  return new IdentitiesState(inside)
}
