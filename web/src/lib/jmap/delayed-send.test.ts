import { expect, test } from 'vitest'
import { SUBMISSION, type JmapClient } from './client.ts'
import { maxDelayedSend } from './delayed-send.ts'

function client(offered: unknown): JmapClient {
  const accounts = { b: { accountCapabilities: offered === undefined ? {} : { [SUBMISSION]: offered } } }
  return { accountId: 'b', session: { accounts } } as unknown as JmapClient
}

test.each<[unknown, number]>([
  [{ maxDelayedSend: 60, submissionExtensions: { FUTURERELEASE: [] } }, 60],
  [{ maxDelayedSend: 60, submissionExtensions: { futurerelease: ['60'], SIZE: [] } }, 60],
  [{ maxDelayedSend: 60, submissionExtensions: { size: ['33554432'] } }, 0],
  [{ maxDelayedSend: 60 }, 0],
  [{ submissionExtensions: { FUTURERELEASE: [] } }, 0],
  [undefined, 0]
])('a mail server holds mail only if it states both the time and the extension: %j', (offered, seconds) => {
  expect(maxDelayedSend(client(offered))).toBe(seconds)
})
