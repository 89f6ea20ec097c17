/** A message that is open, and a reply to it, in the hands of a test. */
import { createMail, type MailState } from '#lib/state/create-mail.svelte.ts'
import type { Message, Reply } from '#lib/state/mail.ts'
// Loaded before: a test's clock does not wait for a file.
import '#lib/sync/sending.ts'
import { ModelServer } from './model-server.ts'
import { settled, World } from './world.ts'

export interface ReplyScene {
  server: ModelServer
  world: World
  mail: MailState
  reply: Reply
}

export async function opened(
  server = new ModelServer(),
  tabs: Parameters<World['ports']>[1] = {}
): Promise<ReplyScene> {
  if (server.emails.size === 0) {
    server.deliver({
      messageId: ['question@example.net'],
      references: ['first@example.net'],
      keywords: { $seen: true }
    })
  }
  const world = new World()
  const mail = createMail(world.ports(server.fetch, tabs))
  mail.show(null)
  await settled()
  mail.reader.open('t1')
  await settled()
  const parent = mail.reader.conversation?.messages[0] as Message
  const reply = { to: parent.from, cc: [], subject: parent.subject, text: 'The reply', quoted: '> Q', parent }
  return { server, world, mail, reply }
}

/** Whether it was sent, once all is known. */
export async function outcome({ mail, world, reply }: ReplyScene, what = reply): Promise<unknown> {
  mail.sending.keep(what.parent.id, what.text)
  const sending = mail.sending.send(what).then(
    () => 'sent',
    (trouble: unknown) => trouble
  )
  await settled()
  await world.pass(60_000)
  const result = await sending
  await world.pass(1_000)
  return result
}
