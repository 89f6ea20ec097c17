import type { Message } from '#lib/state/mail.ts'
import { HiddenRefusals, refusedOf, resendTo } from '#lib/writing/state/refusals.ts'
import type { Delivery, Sent } from '#lib/writing/state/sent.ts'
import { expect, test } from 'vitest'
import { DeviceStorage } from '#lib/state/device-storage.ts'

const KENJI = {
  address: 'Kenji@papier.example',
  reason: 'unknown_mailbox',
  code: '5.1.1',
  said: 'No such user'
} as const
const PRIYA = { name: 'Priya', address: 'priya@example.net', own: false }

function message(id: string, values: Partial<Message> = {}): Message {
  const to = [PRIYA, { name: 'Kenji', address: 'kenji@papier.example', own: false }]
  return { id, own: true, draft: false, to, cc: [], ...values } as Message
}

function sent(deliveries: Record<string, Delivery>): Sent {
  return { deliveryOf: (id: string) => deliveries[id] ?? null } as Sent
}

const REFUSED: Delivery = { recipients: 3, refused: [KENJI] }

test('only own messages that were sent, and did not reach somebody, are shown', () => {
  const all = sent({ a: REFUSED, b: { recipients: 1, refused: [] }, d: REFUSED, e: REFUSED })
  const messages = [
    message('a'),
    message('b'),
    message('c'),
    message('d', { own: false }),
    message('e', { draft: true })
  ]
  expect(refusedOf(messages, all, []).map(({ message: { id } }) => id)).toEqual(['a'])
})

test('what the person has hidden stays hidden on this device', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value)
  }
  const device = new DeviceStorage(() => storage as unknown as Storage)
  new HiddenRefusals(device).hide('a')
  expect(refusedOf([message('a')], sent({ a: REFUSED }), new HiddenRefusals(device).all())).toEqual([])
})

test('who did not get it is named as the message named them', () => {
  expect(resendTo({ message: message('a'), delivery: REFUSED })).toEqual([{ name: 'Kenji', address: KENJI.address }])
})
