// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import { ModelServer } from '../../../../tests/model-server.ts'
import type { Message } from '#lib/state/mail.ts'
import Unsubscribe from '#lib/views/reader/Unsubscribe.svelte'
import { reading as words } from '#lib/words/en/reading.ts'
import { afterEach, expect, test } from 'vitest'

const ends: (() => void)[] = []

afterEach(() => ends.splice(0).forEach((end) => end()))

/** The button at a message of a list; nothing that the reader loads later is there. `respond`: what the service says. */
async function shown(respond: () => Response): Promise<Drawn & { asked: string[]; press: () => Promise<void> }> {
  const server = new ModelServer()
  const asked: string[] = []
  server.interrupt = (path, body) => {
    if (path !== '/api/unsubscribe') return null
    asked.push(body)
    return respond()
  }
  const drawn = await pageOf(server)
  const message = {
    id: 'm1',
    unsubscribe: '<https://list.example.net/leave>',
    unsubscribePost: 'List-Unsubscribe=One-Click'
  } as Message
  ends.push(await draw(drawn, Unsubscribe, { message, name: 'Ledger', words }))
  const button = document.querySelector<HTMLButtonElement>('.unsubscribe button')
  return { ...drawn, asked, press: () => after(() => button?.click()) }
}

const problem = (code: string, status: number) => (): Response => Response.json({ code }, { status })

test('a list that offers one request is left by it, whatever else is loaded', async () => {
  const { asked, press, page } = await shown(() => Response.json({ done: true }))
  expect(page.reading.suspicions).toBeNull()
  await press()
  expect(asked).toEqual(['{"email_id":"m1"}'])
  expect(document.querySelector('dialog[open]')).toBeNull()
  expect(page.notices.shown?.text).toBe('Ledger was asked to take you off the list.')
})

test('who presses twice sends one request', async () => {
  const { asked, press } = await shown(() => Response.json({ done: true }))
  await Promise.all([press(), press()])
  expect(asked).toHaveLength(1)
})

test('that it was too many is said, and that a minute helps', async () => {
  const { press, page } = await shown(problem('too_many_unsubscribes', 429))
  await press()
  expect(page.notices.shown?.text).toBe('Too many at once. Try again in a minute.')
})

test('of a list that did not answer nobody says that it took nothing', async () => {
  const { press } = await shown(problem('list_server_silent', 504))
  await press()
  const said = document.querySelector('dialog')?.textContent
  expect(said).toContain('It may have taken the request')
  expect(said).not.toContain('did not take')
})

test('where the list did not take it, the page of the list is shown first', async () => {
  const { press } = await shown(problem('list_server_failed', 502))
  await press()
  expect(document.querySelector('dialog')?.textContent).toContain('https://list.example.net/leave')
})
