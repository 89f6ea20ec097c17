/** Mailboxes of a role that an action needs, made on first use: a new account often has no Archive. */
import { call } from '#lib/jmap/client.ts'
import { JmapFailure, refusal } from '#lib/jmap/errors.ts'
import type { GetResponse, Id, Mailbox, SetResponse } from '#lib/jmap/types.ts'
import { idOfRole, rolesIn, type Entry } from '#lib/actions/domain/entry.ts'
import type { Session } from './session.ts'
import * as calls from './calls.ts'

export async function makeMissing(session: Session, entries: readonly Entry[]): Promise<void> {
  const names = Object.assign({}, ...entries.map((entry) => entry.names)) as Record<string, string>
  const roles = rolesIn(entries.flatMap(({ patches }) => patches)).filter((role) => !session.objects.roles.has(role))
  if (roles.length === 0) {
    return
  }
  await makeRoles(session, roles, names)
}

async function makeRoles(session: Session, roles: readonly string[], names: Record<string, string>): Promise<void> {
  // Another tab, or a request whose response was lost, may have made it.
  await look(session)
  for (const role of roles.filter((one) => !session.objects.roles.has(one))) {
    await make(session, role, names[role] ?? role)
  }
}

/** The mailbox of this role, which is made if there is none. Raises JmapFailure. */
export async function mailboxOfRole(session: Session, role: string): Promise<Id> {
  if (!session.objects.roles.has(role)) {
    await makeRoles(session, [role], { [role]: session.ports.language.roleName(role) })
  }
  return session.objects.roles.get(role) ?? ''
}

async function look({ client, objects }: Session): Promise<void> {
  const results = await client.run(calls.mailboxes(null, false))
  objects.putMailboxes(results.get<GetResponse<Mailbox>>('get').list)
}

/** A mailbox of that name at the top gets the role: a server refuses two of one name (RFC 8621 §2). */
async function make(session: Session, role: string, name: string): Promise<void> {
  const top = [...session.objects.mailboxes.values()].filter(({ parentId }) => parentId === null)
  const named = (wanted: string): Mailbox | undefined =>
    top.find((mailbox) => mailbox.name.toLowerCase() === wanted.toLowerCase())
  const namesake = named(name)
  const change =
    namesake?.role === null
      ? { update: { [namesake.id]: { role } } }
      : { create: { new: { name: freeName(name, named), role, parentId: null } } }
  const results = await session.client.run([call('Mailbox/set', 'set', change)])
  const { notCreated, notUpdated } = results.get<SetResponse>('set')
  const [error] = Object.values({ ...notCreated, ...notUpdated })
  // Also after a refusal: another program may have made it in between.
  await look(session)
  if (!session.objects.roles.has(role)) {
    throw error ? refusal(error) : new JmapFailure('unknown', { detail: idOfRole(role) })
  }
}

function freeName(name: string, named: (wanted: string) => Mailbox | undefined): string {
  let free = name
  for (let number = 2; named(free); number += 1) {
    free = `${name} ${number}`
  }
  return free
}
