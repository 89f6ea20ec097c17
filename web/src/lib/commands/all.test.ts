import { ALL, commandFor } from '#lib/commands/all.ts'
import { next } from '#lib/commands/next.ts'
import type { Mail } from '#lib/state/mail.ts'
import { MailPage } from '#lib/state/page.svelte.ts'
import { expect, test } from 'vitest'

const MAIL = { list: { total: 3 }, reader: { conversation: null } } as unknown as Mail
const PAGE = new MailPage(
  MAIL,
  () => Promise.resolve(),
  () => Promise.resolve('stayed')
)
const key = (name: string, more = {}) => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  typing: false,
  ...more
})

test('no key runs two commands', () => {
  const keys = ALL.flatMap((command) => command.keys)
  expect(keys).toEqual([...new Set(keys)])
})

test('a key runs its command only where the command makes sense', () => {
  expect(commandFor(key('j'), PAGE)).toBe(next)
  expect(commandFor(key('r'), PAGE)).toBeUndefined()
})

test('single keys are text while the person writes, and belong to the browser with Ctrl', () => {
  expect(commandFor(key('j', { typing: true }), PAGE)).toBeUndefined()
  expect(commandFor(key('j', { ctrlKey: true }), PAGE)).toBeUndefined()
})
