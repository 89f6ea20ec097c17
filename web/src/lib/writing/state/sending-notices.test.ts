import { english } from '../../../../tests/words.ts'
import type { Composition, OutgoingMessage } from '#lib/writing/state/compose.ts'
import { SendingNotices } from '#lib/writing/state/sending-notices.ts'
import { Notices } from '#lib/state/notices.svelte.ts'
import { delivery } from '#lib/words/en/delivery.ts'
import { expect, test } from 'vitest'

const NOW = Date.UTC(2026, 10, 25, 14)
const OPEN = {} as Composition
const KARIM = { name: 'Karim Bensaïd', address: 'karim@example.net' }
const PRIYA = { name: 'Priya Raghunathan', address: 'priya@example.net' }

function outgoing(values: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const at = new Date(NOW + 10_000)
  return { id: 'a', to: [KARIM], at, needs: null, scheduled: false, undo: () => Promise.resolve(OPEN), ...values }
}

function scene(before: readonly OutgoingMessage[] = [], isOnline = false) {
  const notices = new Notices()
  const shown: Composition[] = []
  const show = (composition: Composition): void => void shown.push(composition)
  const words = { delivery, mail: english.mail }
  const sendingNotices = new SendingNotices(
    { notices, words: () => words, show, reveal: show },
    () => NOW,
    () => isOnline
  )
  sendingNotices.follow(before)
  return { notices, sendingNotices, shown }
}

function left({ shown }: Notices, seconds = 9): unknown {
  return shown?.timed?.left(seconds)
}

test('a message on its way is told with the time that is left, and read out once without it', () => {
  const { notices, sendingNotices } = scene()
  sendingNotices.follow([outgoing()])
  expect([notices.shown?.text, left(notices)]).toEqual(['Sending to Karim Bensaïd', 'Sending to Karim Bensaïd in 9 s'])
  expect(notices.shown?.timed?.until).toBe(NOW + 10_000)
})

test.each([
  [[KARIM, PRIYA, { name: '', address: 'x@example.net' }], 'Sending to Karim + 2 in 9 s'],
  [[{ name: '', address: 'x@example.net' }], 'Sending to x@example.net in 9 s']
])('whom it goes to is told', (to, words) => {
  const { notices, sendingNotices } = scene()
  sendingNotices.follow([outgoing({ to })])
  expect(left(notices)).toBe(words)
})

test('while this tab holds it, it says so, also to who cannot see it', () => {
  const { notices, sendingNotices } = scene()
  sendingNotices.follow([outgoing({ needs: 'tab' })])
  expect(notices.shown?.text).toBe('Sending to Karim Bensaïd. Keep this tab open.')
})

test('what leaves later, and what waits for the connection, is told once and has no time to count down', () => {
  const { notices, sendingNotices } = scene()
  sendingNotices.follow([outgoing({ scheduled: true, at: new Date(NOW + 86_400_000) })])
  expect(notices.shown?.text).toMatch(/^Leaves on Thursday,? 26 November 2026 at /)
  expect(notices.shown?.timed).toBeNull()
  sendingNotices.follow([outgoing({ id: 'b', needs: 'connection' })])
  expect(notices.shown?.text).toBe('The message to Karim Bensaïd is sent when you are back online.')
})

test('what waits for the mail server is not said to wait for the network, which is there', () => {
  const { notices, sendingNotices } = scene([], true)
  sendingNotices.follow([outgoing({ needs: 'connection' })])
  expect(notices.shown?.text).toBe('The message to Karim Bensaïd is sent once the mail server answers.')
})

test('what waits for a session is not said to wait for the network, which is there', () => {
  const { notices, sendingNotices } = scene()
  sendingNotices.follow([outgoing({ needs: 'session' })])
  expect(notices.shown?.text).toBe('The message to Karim Bensaïd is not sent until you sign in again.')
  expect(notices.shown?.timed).toBeNull()
})

test('a change of what nobody sees is not told again; a message that waited and goes now is', () => {
  const { notices, sendingNotices } = scene()
  sendingNotices.follow([outgoing({ needs: 'connection' })])
  notices.hide()
  sendingNotices.follow([outgoing({ needs: 'connection' })])
  expect(notices.shown).toBeNull()
  sendingNotices.follow([outgoing()])
  expect(left(notices)).toBe('Sending to Karim Bensaïd in 9 s')
})

test('what is being undone is not told again when the mail server says until when', () => {
  const { notices, sendingNotices } = scene()
  sendingNotices.follow([outgoing()])
  notices.undoLast()
  sendingNotices.follow([outgoing({ at: new Date(NOW + 12_000) })])
  expect([notices.shown, notices.canUndo]).toEqual([null, false])
  sendingNotices.follow([])
  sendingNotices.follow([outgoing()])
  expect(left(notices)).toBe('Sending to Karim Bensaïd in 9 s')
})

test('of another visit only what can be undone is told', () => {
  expect(scene([outgoing()]).notices.shown).not.toBeNull()
  expect(scene([outgoing({ needs: 'connection' })]).notices.shown).toBeNull()
  expect(scene([outgoing({ scheduled: true })]).notices.shown).toBeNull()
  expect(scene([outgoing({ at: new Date(NOW) })]).notices.shown).toBeNull()
})

test('Undo undoes the message as it is then, and says nothing: its window is open', async () => {
  const { notices, sendingNotices, shown } = scene()
  const undone: string[] = []
  const undo = (name: string) => () => {
    undone.push(name)
    return Promise.resolve(OPEN)
  }
  sendingNotices.follow([outgoing({ undo: undo('first') })])
  sendingNotices.follow([outgoing({ undo: undo('then') })])
  notices.undoLast()
  await Promise.resolve()
  expect([undone, notices.shown, notices.canUndo, shown]).toEqual([['then'], null, false, [OPEN]])
})

test('whoever is too late reads so', async () => {
  const { notices, sendingNotices } = scene()
  sendingNotices.follow([outgoing({ undo: () => Promise.resolve(null) })])
  notices.shown?.undo?.()
  await Promise.resolve()
  expect(notices.shown?.text).toBe('Too late, it is on its way.')
})

test('if nobody knows whether it was undone, it can be tried again', async () => {
  const { notices, sendingNotices } = scene()
  const failure = { code: 'mail_server_away', retryAt: null, reference: null }
  let times = 0
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a Trouble
  const undo = () => (++times > 1 ? Promise.resolve(OPEN) : Promise.reject(failure))
  sendingNotices.follow([outgoing({ undo })])
  notices.undoLast()
  await new Promise((resolve) => setTimeout(resolve))
  expect(notices.shown?.text).toContain('It is not known whether this was undone. The mail server does not answer.')
  notices.shown?.again?.()
  expect(times).toBe(2)
})

test('what has left can no longer be undone, and undo undoes what was done before', () => {
  const { notices, sendingNotices } = scene()
  const undone: string[] = []
  notices.say('archived', { run: () => undone.push('archived'), done: 'undone' })
  sendingNotices.follow([outgoing()])
  sendingNotices.follow([])
  expect(notices.shown).toBeNull()
  notices.undoLast()
  expect(undone).toEqual(['archived'])
})

test('Sent is told, unless it would hide another one that can still be undone; what was not sent always is', () => {
  const { notices, sendingNotices, shown } = scene()
  sendingNotices.ended({ kind: 'sent', to: [KARIM] })
  expect(notices.shown?.text).toBe('Sent')
  sendingNotices.follow([outgoing()])
  sendingNotices.ended({ kind: 'sent', to: [PRIYA] })
  expect(left(notices)).toBe('Sending to Karim Bensaïd in 9 s')
  sendingNotices.ended({ kind: 'not_sent', composition: OPEN })
  expect([notices.shown?.text, shown]).toEqual(['Not sent. Your draft is open again.', [OPEN]])
})

test('of what may have left nobody is told that it was not sent: its window says that it is not known', () => {
  const { notices, sendingNotices, shown } = scene()
  const composition = { status: 'unknown' } as Composition
  sendingNotices.ended({ kind: 'not_sent', composition })
  expect([notices.shown, shown]).toEqual([null, [composition]])
})
