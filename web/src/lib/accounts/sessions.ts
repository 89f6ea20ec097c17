/** Where a person is signed in: the sessions of Kratos, which knows by the cookie whose they are. */
import type { Listed, Revocable } from '#lib/accounts/collection.ts'
import { KRATOS } from '#lib/accounts/destination.ts'
import { isObject, textOf } from '#lib/accounts/flow.ts'
import { failed, listOf, momentOf, readAs, type Ask, type Outcome } from '#lib/accounts/service.ts'
import { programOf, type Program } from '#lib/accounts/user-agent.ts'

export interface SignIn {
  readonly id: string
  /** the one of this browser */
  readonly isThis: boolean
  /** when the person last proved who they are */
  readonly at: Date | null
  readonly program: Program
  /** of the network, as Kratos saw it then; empty if it does not tell */
  readonly address: string
}

const WHOAMI = `${KRATOS}/sessions/whoami`
const SESSIONS = `${KRATOS}/sessions`

export class Sessions implements Revocable<SignIn> {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** This one first, then the others, the newest first. */
  async list(): Promise<Outcome<Listed<SignIn>>> {
    // Kratos lists the others only.
    const [own, found] = await Promise.all([this.#ask('GET', WHOAMI), this.#ask('GET', SESSIONS)])
    const others = readAs(found, (value) => (Array.isArray(value) ? value : null))
    if ('failure' in others) return others
    return readAs(own, (value) => {
      const current = signInOf(value, true)
      if (!current) return null
      const rest = listOf(others.value, (each) => signInOf(each, false)).filter(({ id }) => id !== current.id)
      return { items: [current, ...rest.sort(newestFirst)], limit: null }
    })
  }

  async remove(id: string): Promise<Outcome<unknown>> {
    // The path must not become another one.
    if (!/^[0-9a-f-]{36}$/iu.test(id)) return failed('unknown')
    return this.#ask('DELETE', `${SESSIONS}/${id}`)
  }

  removeOthers(): Promise<Outcome<unknown>> {
    return this.#ask('DELETE', SESSIONS)
  }
}

function newestFirst(one: SignIn, other: SignIn): number {
  return (other.at?.getTime() ?? 0) - (one.at?.getTime() ?? 0)
}

function signInOf(value: unknown, isThis: boolean): SignIn | null {
  if (!isObject(value) || !textOf(value['id']) || value['active'] === false) return null
  const devices: unknown[] = Array.isArray(value['devices']) ? value['devices'] : []
  // Each sign-in of a session adds one.
  const device = devices.filter(isObject).at(-1) ?? {}
  return {
    id: textOf(value['id']),
    isThis,
    at: momentOf(value['authenticated_at']) ?? momentOf(value['issued_at']),
    program: programOf(textOf(device['user_agent'])),
    address: textOf(device['ip_address'])
  }
}
