import { print } from '#lib/frame/print.ts'
import type { Message } from '#lib/state/mail.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { printMessages } from '#lib/views/reader/print.ts'
import { words } from '#lib/words/en.ts'
import { expect, test, vi } from 'vitest'

vi.mock('#lib/frame/print.ts', () => ({ print: vi.fn(() => Promise.resolve()) }))

const LABELS = { from: 'From', to: 'To', cc: 'Cc', date: 'Date', attachments: 'Attachments' }

test.each([
  ['Ann', 'Ann <mallory@evil.example>'],
  ['', 'mallory@evil.example'],
  ['Ann <ann@bank.example>', '"Ann <ann@bank.example>" <mallory@evil.example>'],
  ['ann@bank.example, Bob', '"ann@bank.example, Bob" <mallory@evil.example>'],
  ['Ann" <ann@bank.example>, "', '"Ann\\" <ann@bank.example>, \\"" <mallory@evil.example>']
])('what is printed tells the address from the name %j', async (name, said) => {
  const from = [{ name, address: 'mallory@evil.example', own: false }]
  const body = { html: null, text: 'x', inline: new Map() }
  const message = { id: 'a', from, to: [], cc: [], sentAt: new Date(0), attachments: [], subject: 'x', body }
  const reader = { bodies: () => Promise.resolve(), conversation: { messages: [message] } }
  const page = { mail: { reader }, reading: { showsPictures: () => false } } as unknown as MailPage
  await printMessages(page, [message as unknown as Message], LABELS, words.mail)
  expect(vi.mocked(print).mock.lastCall?.[1][0]?.head[0]).toEqual(['From', said])
})
