import { expect, test } from 'vitest'
import type { Message } from '#lib/state/mail.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import { Notices } from '#lib/state/notices.svelte.ts'
import { isBlocked } from '#lib/state/blocked.ts'
import { reportPhishing, trust } from '#lib/state/phishing.ts'
import { words } from '#lib/words/en.ts'
import { reading } from '#lib/words/en/reading.ts'
import { ModelServer } from './model-server.ts'
import { opened } from './scene.ts'
import { openedWith, Settings } from './settings.ts'
import { settled } from './world.ts'

const SAID = { reported: reading.warning.reported, undone: words.mail.undone }
const MESSAGE = {
  id: 'e2',
  own: false,
  reported: false,
  from: [{ name: 'Mara', address: 'Mara@papierwerck.org', own: false }]
} as unknown as Message

test('a reported message goes to Spam alone, as phishing, and all of it can be undone', async () => {
  const server = new ModelServer()
  server.deliver({ threadId: 'a' })
  server.deliver({ threadId: 'a' })
  const { mail, world } = await opened(server)
  const notices = new Notices()
  reportPhishing({ mail, notices }, MESSAGE, SAID)
  await world.pass(1_000)
  const [kept, moved] = ['e1', 'e2'].map((id) => server.emails.get(id))
  expect(kept?.mailboxIds).toEqual({ inbox: true })
  expect(moved?.mailboxIds).not.toHaveProperty('inbox')
  expect(moved?.keywords).toMatchObject({ $phishing: true, $junk: true })
  expect(isBlocked(MESSAGE, mail)).toBe(true)
  expect(notices.shown?.text).toBe('Reported as phishing, and moved to Spam.')
  notices.shown?.undo?.()
  await world.pass(1_000)
  expect(server.emails.get('e2')?.mailboxIds).toEqual({ inbox: true })
  expect(server.emails.get('e2')?.keywords).not.toHaveProperty('$phishing')
  expect(isBlocked(MESSAGE, mail)).toBe(false)
})

test('other messages of the sender are blocked too, on other devices, until they are trusted', async () => {
  const settings = new Settings()
  const mail = await openedWith(settings)
  reportPhishing({ mail, notices: new Notices() }, MESSAGE, SAID)
  await settled()
  const other = { ...MESSAGE, id: 'another' }
  const elsewhere = await openedWith(settings)
  expect(isBlocked(other, elsewhere)).toBe(true)
  trust({ mail: elsewhere, notices: new Notices() }, other)
  await settled()
  expect(isBlocked(other, await openedWith(settings))).toBe(false)
})

test('of a message by several senders all are blocked, whichever of them writes next', async () => {
  const mail = await openedWith(new Settings())
  const [mara] = MESSAGE.from
  const other = { name: '', address: 'x@evil.example', own: false }
  reportPhishing({ mail, notices: new Notices() }, { ...MESSAGE, from: [mara, other] } as Message, SAID)
  expect(isBlocked({ ...MESSAGE, from: [other] }, mail)).toBe(true)
  expect(isBlocked({ ...MESSAGE, from: [{ ...other, address: 'ann@example.net' }, other] }, mail)).toBe(true)
})

test('own messages are not blocked, whoever is said to have sent them', () => {
  const mail: Pick<Mail, 'isReported'> = { isReported: () => true }
  expect(isBlocked({ ...MESSAGE, own: true }, mail)).toBe(false)
  expect(isBlocked({ ...MESSAGE, reported: true }, { isReported: () => false })).toBe(true)
})
