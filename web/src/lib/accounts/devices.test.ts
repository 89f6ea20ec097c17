import { expect, test } from 'vitest'
import { wrongName } from './collection.ts'
import { devices, LONGEST_DEVICE_NAME, mailSettings } from './devices.ts'
import type { Ask } from './service.ts'

const PHONE = { id: 'c', name: 'Phone', created_at: '2026-11-27T14:00:00Z', expires_at: null }
const SETTINGS = {
  email: 'me@example.org',
  imap: { host: 'imap.example.org', port: 993, security: 'tls', username: 'me@example.org' },
  smtp: { host: 'smtp.example.org', port: 465, security: 'tls', username: 'me@example.org' }
}

function responding(value: unknown): { ask: Ask; asked: unknown[][] } {
  const asked: unknown[][] = []
  const ask: Ask = (...request) => {
    asked.push(request)
    return Promise.resolve({ value })
  }
  return { ask, asked }
}

test('devices are listed with the limit that the service states', async () => {
  const { ask } = responding({ devices: [PHONE, { name: 'without an id' }], limit: 4 })
  expect(await devices(ask).list()).toEqual({
    value: {
      items: [{ id: 'c', name: 'Phone', createdAt: new Date(PHONE.created_at), expiresAt: null }],
      limit: 4
    }
  })
})

test('the secret of a new one comes with the settings for the mail program', async () => {
  const { ask, asked } = responding({ ...PHONE, secret: 'app_x', settings: SETTINGS, qr_svg: '<svg/>' })
  const made = await devices(ask).make({ name: ' Phone ', days: 90 })
  expect(asked).toEqual([['POST', '/api/devices', { name: 'Phone', expires_in_days: 90 }]])
  expect(made).toMatchObject({
    value: { secret: 'app_x', qrSvg: '<svg/>', settings: { userName: 'me@example.org', imap: { port: 993 } } }
  })
})

test('a device without its secret was not made for the person', async () => {
  const { ask } = responding({ ...PHONE, settings: SETTINGS })
  expect(await devices(ask).make({ name: 'Phone', days: null })).toMatchObject({ failure: { code: 'unknown' } })
})

test('an id stays one part of the path', async () => {
  const { ask, asked } = responding(null)
  await devices(ask).remove('../me')
  expect(asked).toEqual([['DELETE', '/api/devices/..%2Fme']])
})

test('the settings that a mail program needs are asked for alone, too', async () => {
  const { ask } = responding(SETTINGS)
  expect(await mailSettings(ask)).toMatchObject({ value: { smtp: { host: 'smtp.example.org', port: 465 } } })
})

test.each([
  ['  ', 'missing'],
  ['Phone', null],
  ['😀'.repeat(LONGEST_DEVICE_NAME), null],
  ['x'.repeat(LONGEST_DEVICE_NAME + 1), 'too_long']
])('a name is counted as the service counts it', (name, wrong) => {
  expect(wrongName(name, LONGEST_DEVICE_NAME)).toBe(wrong)
})
