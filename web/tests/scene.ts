/** A mail page before a model server, in the hands of a test. */
import type { Invocation } from '#lib/jmap/types.ts'
import { Mail } from '#lib/state/mail.svelte.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

export interface Scene {
  server: ModelServer
  world: World
  mail: Mail
}

export async function opened(
  server = new ModelServer(),
  mailbox: string | null = null,
  tabs: Parameters<World['ports']>[1] = {},
  person: string | null = null,
  time: number | null = null
): Promise<Scene> {
  const world = new World()
  if (time !== null) world.time = time
  world.person = person
  const mail = new Mail(world.ports(server.fetch, tabs))
  mail.show(mailbox)
  await settled()
  return { server, world, mail }
}

export function deliver(server: ModelServer, count: number): void {
  for (let number = 0; number < count; number += 1) {
    server.deliver()
  }
}

export function shown({ mail }: Scene, count = 50): (string | undefined)[] {
  return Array.from({ length: Math.min(count, mail.list?.total ?? 0) }, (_, index) => mail.list?.row(index)?.emailId)
}

/** As a live event would. */
export async function hint({ mail }: Scene): Promise<void> {
  mail.connection.tryNow()
  await settled()
}

/** One method is not available, or refused: its calls do nothing. */
export function failing(method: string, server: ModelServer, type = 'serverUnavailable'): ModelServer['interrupt'] {
  return async (path, body) => {
    if (path !== '/jmap/') {
      return null
    }
    const request = JSON.parse(body) as { methodCalls: Invocation[] }
    const methodCalls = request.methodCalls.filter(([name]) => name !== method)
    const response = (await server.respond(path, JSON.stringify({ ...request, methodCalls })).json()) as {
      methodResponses: Invocation[]
    }
    const errors = request.methodCalls.filter(([name]) => name === method).map(([, , id]) => ['error', { type }, id])
    return Response.json({ ...response, methodResponses: [...response.methodResponses, ...errors] })
  }
}
