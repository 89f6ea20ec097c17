import type { Compose, Start } from '#lib/state/compose.ts'
import type { Mail } from '#lib/state/mail.ts'
import { Notices } from '#lib/state/notices.svelte.ts'
import { Writing } from '#lib/state/writing.svelte.ts'
import { expect, test } from 'vitest'

test('a button that is pressed twice while the window loads opens one; once it is there, another', async () => {
  const started: Start[] = []
  const coming: (() => void)[] = []
  const compose = {
    start: (start: Start) => {
      started.push(start)
      return new Promise((resolve) => coming.push(() => resolve({})))
    }
  } as unknown as Compose
  const writing = new Writing({ compose: () => Promise.resolve(compose) } as unknown as Mail, new Notices())
  const message = { id: 'm1' } as never
  const [first, second] = [writing.start({ kind: 'reply', message }), writing.start({ kind: 'reply', message })]
  const other = writing.start({ kind: 'replyAll', message })
  const to = [{ name: '', address: 'ann@example.org' }]
  const others = [other, writing.start({ kind: 'new', to }), writing.start({ kind: 'new' })]
  await second
  await Promise.resolve()
  expect(started.map(({ kind }) => kind)).toEqual(['reply', 'replyAll', 'new', 'new'])
  coming.forEach((come) => come())
  await Promise.all([first, ...others])
  const third = writing.start({ kind: 'reply', message })
  await Promise.resolve()
  coming.at(-1)?.()
  await third
  expect(started).toHaveLength(5)
})
