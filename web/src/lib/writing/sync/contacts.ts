/** The address book of the mail server (RFC 9610), where it has one: people and groups. */
import type { Recipient } from '#lib/writing/domain/draft.ts'
import { call, CAPABILITY_OF, capabilityOf, reference } from '#lib/jmap/client.ts'
import type { GetResponse } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'

const CONTACTS = 'urn:ietf:params:jmap:contacts'
CAPABILITY_OF['ContactCard'] = CONTACTS

/** Cards that are asked for; more are never suggested to anybody. */
const MOST = 500

export interface ContactGroup {
  readonly name: string
  readonly members: readonly Recipient[]
}

export interface Contacts {
  readonly people: readonly Recipient[]
  readonly groups: readonly ContactGroup[]
}

/** RFC 9553, as far as a message needs it. */
interface Card {
  readonly id: string
  readonly uid?: string
  readonly kind?: string
  readonly name?: { readonly full?: string; readonly components?: readonly { kind: string; value: string }[] }
  readonly emails?: Readonly<Record<string, { readonly address: string; readonly pref?: number }>>
  readonly members?: Readonly<Record<string, boolean>>
}

const NOBODY: Contacts = { people: [], groups: [] }

/** Raises JmapFailure. */
export async function contactsOf(session: Session): Promise<Contacts> {
  await session.connected()
  const { client } = session
  if (!client.offers(CONTACTS) || capabilityOf(client, CONTACTS) === null) {
    return NOBODY
  }
  const results = await client.run([
    call('ContactCard/query', 'query', { limit: MOST }),
    call('ContactCard/get', 'get', {
      '#ids': reference('query', 'ContactCard/query', '/ids'),
      properties: ['id', 'uid', 'kind', 'name', 'emails', 'members']
    })
  ])
  return contactsIn(results.get<GetResponse<Card>>('get').list)
}

export function contactsIn(cards: readonly Card[]): Contacts {
  const recipients = new Map(cards.map((card) => [card.uid ?? card.id, recipientsOf(card)]))
  const groups = cards
    .filter(({ kind }) => kind === 'group')
    .map((card) => ({
      name: nameOf(card),
      members: Object.entries(card.members ?? {}).flatMap(([uid, isIn]) =>
        isIn ? (recipients.get(uid)?.slice(0, 1) ?? []) : []
      )
    }))
  const people = cards.filter(({ kind }) => kind !== 'group').flatMap(recipientsOf)
  return { people, groups: groups.filter(({ name, members }) => name !== '' && members.length > 0) }
}

/** One for each address, the preferred first. */
function recipientsOf(card: Card): Recipient[] {
  const emails = Object.values(card.emails ?? {}).filter(({ address }) => address)
  const inOrder = emails.toSorted((one, other) => (one.pref ?? 101) - (other.pref ?? 101))
  return inOrder.map(({ address }) => ({ name: nameOf(card), address }))
}

function nameOf({ name }: Card): string {
  const parts = name?.components?.filter(({ kind }) => kind !== 'separator').map(({ value }) => value) ?? []
  return (name?.full ?? parts.join(' ')).trim()
}
