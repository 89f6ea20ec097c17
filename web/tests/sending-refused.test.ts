import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import { browser, pass, received, tab, within, type Browser, type SendingTab } from './sending-scene.ts'

async function sending(scene: Browser, to = ['ann@example.net']): Promise<{ one: SendingTab; id: string }> {
  const one = await tab(scene)
  const id = await one.write({ to: to.map((address) => ({ name: '', address })) })
  await one.sendings.send(id)
  await pass(scene, 5_000)
  return { one, id }
}

describe('the mail server refuses a message', () => {
  test.each([
    'forbiddenFrom',
    'forbiddenMailFrom',
    'forbiddenToSend',
    'tooManyRecipients',
    'invalidRecipients',
    'noRecipients',
    'invalidEmail',
    'tooLarge',
    'overQuota'
  ])('%s: it is a draft again, nothing of it lies elsewhere, and why is kept', async (type) => {
    const scene = browser()
    scene.server.sending.refusing = { type, description: 'because' }
    const { one, id } = await sending(scene)
    expect([within(scene, 'drafts'), within(scene, 'sent'), one.told]).toEqual([['Pallets'], [], [type]])
    expect(one.drafts.get(id)).toMatchObject({ sending: null, refusal: { code: type, detail: 'because' } })
    scene.server.sending.refusing = null
    await one.sendings.send(id)
    await pass(scene, 15_000)
    expect([within(scene, 'drafts'), received(scene), scene.server.emails.size]).toEqual([[], ['Pallets'], 1])
  })

  test('for now: it goes by itself', async () => {
    const scene = browser()
    scene.server.sending.refusing = { type: 'rateLimit' }
    const { one } = await sending(scene)
    scene.server.sending.refusing = null
    await pass(scene, 20_000)
    expect([received(scene), one.told]).toEqual([['Pallets'], ['sent Pallets']])
  })

  test('as nobody whom it knows: it may not be sent as that person', async () => {
    const scene = browser()
    scene.server.identities = []
    const { one, id } = await sending(scene)
    expect([one.told, one.drafts.get(id)?.sending]).toEqual([['forbiddenFrom'], null])
  })

  test('for some recipients: it is sent to the others', async () => {
    const scene = browser()
    const { one } = await sending(scene, ['nobody@example.org', 'ann@example.net'])
    await pass(scene, 10_000)
    expect(scene.server.sending.delivered.map(({ rcptTo }) => rcptTo)).toEqual([['ann@example.net']])
    expect(one.told).toEqual(['sent Pallets'])
  })

  test('for all recipients: it is a draft again, and lies nowhere as if it were sent', async () => {
    const scene = browser()
    const { one, id } = await sending(scene, ['nobody@example.org'])
    expect([within(scene, 'drafts'), within(scene, 'sent'), one.told]).toEqual([
      ['Pallets'],
      [],
      ['refused_recipients']
    ])
    expect(one.drafts.get(id)?.refusal?.detail).toBe('nobody@example.org: Mailbox does not exist.')
  })
})

describe('another device', () => {
  async function stored(scene: Browser): Promise<{ one: SendingTab; id: string; emailId: string }> {
    const one = await tab(scene)
    const id = await one.write()
    await pass(scene, 5_000)
    return { one, id, emailId: one.drafts.get(id)?.stored?.emailId ?? '' }
  }

  test('changed the draft: what it wrote is kept, the person is told, and may send it all the same', async () => {
    const scene = browser()
    const { one, id, emailId } = await stored(scene)
    const theirs = { ...scene.server.emails.get(emailId), id: 'e99', messageId: ['other@x'], receivedAt: now(scene) }
    scene.server.destroy(emailId)
    scene.server.deliver(theirs)
    await one.sendings.send(id)
    await pass(scene, 5_000)
    expect([one.told, one.drafts.get(id)?.conflict, received(scene)]).toEqual([['draft_changed'], 'changed', []])
    await one.sendings.send(id)
    await pass(scene, 20_000)
    expect([received(scene), within(scene, 'drafts')]).toEqual([['Pallets'], ['Pallets']])
  })

  test('sent the draft: it is not sent again, and the sent one is not destroyed', async () => {
    const scene = browser()
    const { one, id, emailId } = await stored(scene)
    scene.server.update(emailId, { mailboxIds: { sent: true }, keywords: { $seen: true } })
    await one.sendings.send(id)
    await pass(scene, 20_000)
    expect([one.told, received(scene), within(scene, 'sent')]).toEqual([['draft_sent'], [], ['Pallets']])
    expect(one.drafts.get(id)?.draft.text).toBe('Dear Ann')
  })

  function now({ world }: Browser): string {
    return new Date(world.time).toISOString()
  }
})
