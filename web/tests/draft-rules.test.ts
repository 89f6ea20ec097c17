/** What is never destroyed, and where a version is looked for whose response was lost. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, test } from 'vitest'
import { destroyDrafts, replace } from '#lib/writing/sync/draft-version.ts'
import { emailsOf } from '#lib/writing/sync/draft-look.ts'
import { browser, pass, tab, type Browser, type SendingTab } from './sending-scene.ts'

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

async function begun(): Promise<{ scene: Browser; one: SendingTab; email: (isDraft: boolean) => string }> {
  const scene = browser()
  const one = await tab(scene)
  const email = (isDraft: boolean): string =>
    scene.server.deliver({
      mailboxIds: { [isDraft ? 'drafts' : 'sent']: true },
      keywords: isDraft ? { $draft: true } : { $seen: true }
    }).id
  return { scene, one, email }
}

describe('of the emails that are to be destroyed as earlier versions', () => {
  test('those that are no drafts any more stay: somebody sent them', async () => {
    const { scene, one, email } = await begun()
    const [draft, sent] = [email(true), email(false)]
    expect(await destroyDrafts(one.session, [sent, draft])).toEqual([])
    expect([...scene.server.emails.keys()]).toEqual([sent])
  })

  test('those that are gone are told', async () => {
    const { one, email } = await begun()
    const draft = email(true)
    expect(await destroyDrafts(one.session, ['gone', draft, 'away'])).toEqual(['gone', 'away'])
  })

  test.each(['with', 'without'])('one that is sent at that moment stays, %s a known state', async (how) => {
    const { scene, one, email } = await begun()
    const draft = email(true)
    const { state } = scene.server
    scene.server.interrupt = (_, body) => {
      if (body.includes('"destroy"')) {
        scene.server.interrupt = () => null
        scene.server.update(draft, { keywords: { $seen: true }, mailboxIds: { sent: true } })
      }
      return null
    }
    await replace(one.session, [draft], how === 'with' ? state : null)
    expect(scene.server.list('sent')).toEqual([draft])
  })

  test('one that the mail server does not destroy is no failure, if another try would not help', async () => {
    const { scene, one, email } = await begun()
    const draft = email(true)
    scene.server.refusing = 'forbidden'
    expect(await replace(one.session, [draft], null)).toEqual([])
    await expect(destroyDrafts(one.session, [draft])).rejects.toMatchObject({ code: 'forbidden' })
  })
})

test('a version is found wherever a rule or a person filed it, and whatever came after it', async () => {
  const { scene, one } = await begun()
  scene.server.addMailbox({ id: 'projects' })
  const { id } = scene.server.deliver({
    mailboxIds: { projects: true },
    keywords: { $draft: true },
    messageId: ['x@y']
  })
  expect((await emailsOf(one.session, 'x@y')).map((email) => email.id)).toEqual([id])
})

test('a response that comes after the sending found out what was stored changes nothing', async () => {
  const { scene, one } = await begun()
  const id = await one.write()
  await pass(scene, 4_000)
  const kept = one.drafts.get(id)
  if (!kept?.stored) throw new Error('not stored')
  one.drafts.type(id, { ...kept.draft, text: 'Dear Ann, hello' })
  const { promise, resolve } = Promise.withResolvers<undefined>()
  scene.server.interrupt = async (path, body) => {
    if (!body.includes('"draft":{')) return null
    scene.server.interrupt = () => null
    const response = scene.server.respond(path, body)
    await promise
    return response
  }
  one.storing.storeNow(id)
  await pass(scene, 1_000)
  const stored = { emailId: 'final', messageId: 'f@x', revision: 9, at: 0 }
  await one.drafts.update(id, (now) => ({ ...now, stored, storing: null }))
  resolve(undefined)
  await pass(scene, 2_000)
  expect(one.drafts.get(id)?.stored).toEqual(stored)
})
