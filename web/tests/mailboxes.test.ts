// @vitest-environment jsdom
/** Mailboxes made, renamed, moved, removed and emptied, before the model server. */
import { expect, test } from 'vitest'
import type { MailboxEdits } from '#lib/state/mailbox-edits.svelte.ts'
import { ModelServer } from './model-server.ts'
import { failing, opened, type Scene } from './scene.ts'
import { settled } from './world.ts'

interface Editing extends Scene {
  edits: MailboxEdits
}

/** `most`: objects in one /set. */
async function editing(most = 500): Promise<Editing> {
  const server = new ModelServer()
  server.limits = { ...server.limits, maxObjectsInSet: most }
  server.deliver()
  const scene = await opened(server)
  return { ...scene, edits: await scene.mail.mailboxes.edits() }
}

function tree({ mail }: Scene): string[] {
  return mail.mailboxes.items.map(({ depth, name }) => '  '.repeat(depth) + name)
}

function told({ mail }: Scene): unknown[] {
  const { work } = mail.mailboxes
  return [work?.kind, work?.mailbox, work?.state, work?.trouble?.code, work?.done]
}

function deliverInto(server: ModelServer, mailbox: string, count: number, keywords = {}): string[] {
  return Array.from({ length: count }, () => server.deliver({ mailboxIds: { [mailbox]: true }, keywords }).id)
}

test('a mailbox is made, renamed, moved into another and back to the top', async () => {
  const scene = await editing()
  const parent = await scene.edits.create(' Packraum ', null)
  const child = await scene.edits.create('Papier', parent)
  expect(tree(scene)).toEqual(['inbox', 'drafts', 'sent', 'trash', 'Packraum', '  Papier'])
  await scene.edits.rename(child, 'Papier & Druck')
  await scene.edits.move(child, null)
  expect(tree(scene).slice(4)).toEqual(['Packraum', 'Papier & Druck'])
  expect(scene.edits.parentsFor(parent)).not.toContain(parent)
})

test('a mailbox is never moved into itself or into one inside', async () => {
  const scene = await editing()
  const parent = await scene.edits.create('A', null)
  const child = await scene.edits.create('B', parent)
  const other = await scene.edits.create('C', null)
  const offered = scene.edits.parentsFor(parent)
  expect(offered).toContain(other)
  expect(offered).toContain(null)
  expect(offered.filter((id) => id === parent || id === child)).toEqual([])
})

test.each([
  ['', 'empty'],
  ['   ', 'empty'],
  ['SENT', 'taken'],
  ['a\tb', 'unfit'],
  ['ä'.repeat(128), 'long'],
  ['Boats', null]
])('the name %j is %s at the top', async (name, fault) => {
  const { edits } = await editing()
  expect(edits.wrongName(name, null)).toBe(fault)
})

test('a mailbox keeps its own name, and shares one with a mailbox elsewhere', async () => {
  const { edits } = await editing()
  const parent = await edits.create('A', null)
  expect(edits.wrongName('a', null, parent)).toBe(null)
  expect(edits.wrongName('A', parent)).toBe(null)
})

test('the error of the server is told, of a name that another device took meanwhile', async () => {
  const scene = await editing()
  scene.server.addMailbox({ id: 'x', name: 'Boats' })
  await expect(scene.edits.create('boats', null)).rejects.toMatchObject({ code: 'alreadyExists' })
  // What was there is known now.
  expect(tree(scene)).toContain('Boats')
})

test('what the server does not allow is refused, and offered by nobody', async () => {
  const scene = await editing()
  const id = await scene.edits.create('A', null)
  scene.server.forbid(id, { mayRename: false, mayDelete: false, mayCreateChild: false })
  await expect(scene.edits.rename(id, 'B')).rejects.toMatchObject({ code: 'forbidden' })
  scene.server.deliver()
  scene.mail.connection.tryNow()
  await settled()
  const { may } = scene.mail.mailboxes.byId(id) ?? {}
  expect(may).toMatchObject({ rename: false, remove: false, createChild: false })
  expect(scene.edits.parentsFor(null)).not.toContain(id)
})

test('what has a role can neither be renamed nor removed', async () => {
  const { mail } = await editing()
  for (const { role, may } of mail.mailboxes.items) {
    expect([may.rename, may.remove], String(role)).toEqual([false, false])
  }
})

test('without a connection nothing is changed, and it is told', async () => {
  const scene = await editing()
  scene.server.interrupt = () => Promise.reject(new TypeError('Failed to fetch'))
  await expect(scene.edits.create('A', null)).rejects.toMatchObject({ code: 'unavailable' })
  expect(scene.server.mailboxes()).toHaveLength(4)
})

test('a mailbox that was made although its response was lost is there once there is a connection', async () => {
  const scene = await editing()
  let cut = true
  scene.server.interrupt = (path, body) => {
    if (!cut || !body.includes('Mailbox/set')) return null
    cut = false
    scene.server.respond(path, body)
    return Promise.reject(new TypeError('Failed to fetch'))
  }
  await expect(scene.edits.create('A', null)).rejects.toMatchObject({ code: 'unavailable' })
  await scene.world.pass(5_000)
  expect(tree(scene)).toContain('A')
})

test('a removed mailbox leaves its mail and that of those inside in the Trash, message by message', async () => {
  const scene = await editing(2)
  const parent = await scene.edits.create('A', null)
  const child = await scene.edits.create('B', parent)
  const mail = [...deliverInto(scene.server, parent, 3), ...deliverInto(scene.server, child, 2)]
  const both = scene.server.deliver({ mailboxIds: { [child]: true, inbox: true } }).id
  await scene.edits.remove(parent, 'trash').ended
  expect(told(scene)).toEqual(['remove', 'A', 'done', undefined, 6])
  expect(tree(scene)).toEqual(['inbox', 'drafts', 'sent', 'trash'])
  for (const id of mail) expect(scene.server.emails.get(id)?.mailboxIds).toEqual({ trash: true })
  // What lies elsewhere, too, stays there.
  expect(scene.server.emails.get(both)?.mailboxIds).toEqual({ inbox: true })
})

test('mail that arrives while a mailbox is removed is moved, too', async () => {
  const scene = await editing()
  const id = await scene.edits.create('A', null)
  deliverInto(scene.server, id, 1)
  let late: string[] = []
  scene.server.interrupt = (_, body) => {
    if (body.includes('"destroy"') && late.length === 0) late = deliverInto(scene.server, id, 1)
    return null
  }
  await scene.edits.remove(id, 'trash').ended
  expect(scene.mail.mailboxes.work?.state).toBe('done')
  expect(scene.server.emails.get(late[0] ?? '')?.mailboxIds).toEqual({ trash: true })
})

test('a mailbox into which mail keeps coming is left after some tries, with its mail', async () => {
  const scene = await editing()
  const id = await scene.edits.create('A', null)
  let tries = 0
  scene.server.interrupt = (_, body) => {
    if (body.includes('"destroy"') && (tries += 1) < 20) deliverInto(scene.server, id, 1)
    return null
  }
  await scene.edits.remove(id, 'trash').ended
  expect(told(scene).slice(0, 4)).toEqual(['remove', 'A', 'failed', 'mailboxHasEmail'])
  expect([...scene.server.emails.values()].filter(({ mailboxIds }) => mailboxIds[id])).toHaveLength(1)
})

test('a mailbox is not removed if another device made one in it meanwhile, and no mail is lost', async () => {
  const scene = await editing()
  const id = await scene.edits.create('A', null)
  const [email = ''] = deliverInto(scene.server, id, 1)
  scene.server.addMailbox({ id: 'x', name: 'B', parentId: id })
  await scene.edits.remove(id, 'trash').ended
  expect(told(scene)).toEqual(['remove', 'A', 'failed', 'mailboxHasChild', 1])
  expect(scene.server.emails.get(email)?.mailboxIds).toEqual({ trash: true })
})

test('emptying destroys what lies only there, in parts, and takes the rest out', async () => {
  const scene = await editing()
  const gone = deliverInto(scene.server, 'trash', 1201)
  const kept = scene.server.deliver({ mailboxIds: { trash: true, sent: true } }).id
  const before = scene.server.requests.length
  await scene.edits.empty('trash').ended
  expect(told(scene)).toEqual(['empty', 'trash', 'done', undefined, 1202])
  expect(gone.filter((id) => scene.server.emails.has(id))).toEqual([])
  expect(scene.server.emails.get(kept)?.mailboxIds).toEqual({ sent: true })
  const sets = scene.server.requests.slice(before).filter((names) => names.includes('Email/set'))
  expect(sets).toHaveLength(3)
  expect(scene.mail.mailboxes.byId('trash')?.messages).toBe(0)
})

test('what comes into a mailbox while it is emptied, or is saved from it, is not destroyed', async () => {
  const scene = await editing(1)
  const [first = '', , third = ''] = deliverInto(scene.server, 'trash', 3)
  let late = ''
  scene.server.interrupt = (_, body) => {
    if (body.includes(`"destroy":["${first}"]`) && late === '') {
      late = scene.server.deliver({ mailboxIds: { trash: true } }).id
      scene.server.update(third, { mailboxIds: { inbox: true } })
    }
    return null
  }
  await scene.edits.empty('trash').ended
  expect(scene.mail.mailboxes.work?.state).toBe('done')
  expect([scene.server.emails.has(late), scene.server.emails.has(third), scene.server.emails.has(first)]).toEqual([
    true,
    true,
    false
  ])
})

test('what another device destroys while a mailbox is emptied is no failure', async () => {
  const scene = await editing()
  const [, other = ''] = deliverInto(scene.server, 'trash', 2)
  scene.server.interrupt = (_, body) => {
    if (body.includes('"destroy"') && scene.server.emails.has(other)) scene.server.destroy(other)
    return null
  }
  await scene.edits.empty('trash').ended
  expect(told(scene)).toEqual(['empty', 'trash', 'done', undefined, 2])
})

test('emptying goes on after a lost response and a pause that the server asks for', async () => {
  const scene = await editing()
  deliverInto(scene.server, 'trash', 1000)
  let requests = 0
  scene.server.interrupt = (path, body) => {
    if (!body.includes('Email/set')) return null
    requests += 1
    if (requests === 1) {
      scene.server.respond(path, body)
      return Promise.reject(new TypeError('Failed to fetch'))
    }
    return requests === 2
      ? Response.json({ code: 'too_many_requests' }, { status: 429, headers: { 'Retry-After': '7' } })
      : null
  }
  const work = scene.edits.empty('trash')
  await scene.world.pass(60_000)
  await work.ended
  expect([work.state, work.done, scene.server.mailboxes().find(({ id }) => id === 'trash')?.totalEmails]).toEqual([
    'done',
    1000,
    0
  ])
})

test('emptying stops between two parts when the person says so, also during a pause', async () => {
  const scene = await editing(1)
  deliverInto(scene.server, 'trash', 3)
  const work = scene.edits.empty('trash')
  scene.server.interrupt = (_, body) => {
    if (!body.includes('Email/set')) return null
    return work.done > 0 ? Response.json({ code: 'mail_server_away' }, { status: 503 }) : null
  }
  await settled()
  expect([work.state, work.trouble?.code]).toEqual(['running', 'mail_server_away'])
  work.stop()
  await work.ended
  expect([work.state, work.done]).toEqual(['stopped', 1])
})

test('what the server refuses ends it, and is told', async () => {
  const scene = await editing()
  deliverInto(scene.server, 'trash', 2)
  scene.server.interrupt = failing('Email/set', scene.server, 'forbidden')
  const work = scene.edits.empty('trash')
  await work.ended
  expect([work.state, work.trouble?.code, work.done]).toEqual(['failed', 'forbidden', 0])
})

test('all are marked as read, and the count follows', async () => {
  const scene = await editing(3)
  const id = await scene.edits.create('A', null)
  deliverInto(scene.server, id, 7)
  deliverInto(scene.server, id, 2, { $seen: true })
  const work = scene.edits.markAllRead(id)
  await work.ended
  expect([work.state, work.done]).toEqual(['done', 7])
  expect(scene.mail.mailboxes.byId(id)?.count).toBe(0)
  expect(scene.mail.mailboxes.byRole('inbox')?.count).toBe(1)
})

test('what was marked as read is marked as unread by undo, and nothing else', async () => {
  const scene = await editing()
  const id = await scene.edits.create('A', null)
  const unread = deliverInto(scene.server, id, 3)
  const read = deliverInto(scene.server, id, 2, { $seen: true })
  const work = scene.edits.markAllRead(id)
  expect(work.undo).toBe(null)
  await work.ended
  work.undo?.()
  await scene.mail.mailboxes.work?.ended
  expect(told(scene)).toEqual(['unread', 'A', 'done', undefined, 3])
  const seen = (ids: string[]): unknown[] => ids.map((one) => scene.server.emails.get(one)?.keywords['$seen'])
  expect([seen(unread), seen(read)]).toEqual([
    [undefined, undefined, undefined],
    [true, true]
  ])
})

test('the counts follow an action before the server knows of it', async () => {
  const scene = await editing()
  scene.server.deliver({ mailboxIds: { drafts: true }, keywords: { $draft: true }, threadId: 'd' })
  scene.mail.show('drafts')
  await settled()
  expect(scene.mail.mailboxes.byRole('drafts')?.count).toBe(1)
  scene.mail.actions.run({ kind: 'delete' }, ['d'])
  expect(scene.mail.mailboxes.byRole('drafts')?.count).toBe(0)
  expect(scene.mail.mailboxes.byRole('trash')?.messages).toBe(1)
  await scene.world.pass(1_000)
  expect(scene.mail.mailboxes.byRole('drafts')?.count).toBe(0)
  expect(scene.mail.mailboxes.byRole('trash')?.messages).toBe(1)
})
