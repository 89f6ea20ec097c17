/** A view in a document of jsdom, before a mail page and the model server. */
import './device.ts'
import type { SignedOut } from '#lib/accounts/sign-out.ts'
import { MailPage } from '#lib/state/page.svelte.ts'
import type { Language } from '#lib/words/language.ts'
import { flushSync, mount, unmount, type Component } from 'svelte'
import Around from './Around.svelte'
import { opened, type Scene } from './scene.ts'
import type { ModelServer } from './model-server.ts'
import { vi } from 'vitest'
import { settled, type World } from './world.ts'

export interface Drawn extends Scene {
  page: MailPage
  /** where the page went */
  went: string[]
}

/** The page at the inbox; `draw` shows a view of it. */
export async function pageOf(
  server: ModelServer,
  tabs: Parameters<World['ports']>[1] = {},
  leave = stays
): Promise<Drawn> {
  const scene = await opened(server, null, tabs)
  const went: string[] = []
  const page = new MailPage(
    scene.mail,
    (path) => {
      went.push(path)
      page.show(...segments(path))
      return Promise.resolve()
    },
    leave
  )
  page.show(undefined, undefined)
  return { ...scene, page, went }
}

/** Nobody signs out. */
const stays = (): Promise<SignedOut> => Promise.resolve('stayed')

/** /mail/inbox/t1 → inbox, t1; /mail/search?q=pulp → search, nothing, pulp */
function segments(path: string): [string | undefined, string | undefined, string | null] {
  const { pathname, searchParams } = new URL(path, 'https://mail.test')
  const [, , mailbox, thread] = pathname.split('/')
  return [mailbox, thread, searchParams.get('q')]
}

/** Shows a view; returns how to take it away. */
export async function draw<P extends Record<string, unknown>>(
  drawn: Pick<Drawn, 'page'> | null,
  view: Component<P>,
  given: P,
  language: Language = 'en'
): Promise<() => void> {
  const shown = mount(Around, {
    target: document.body,
    props: { page: drawn?.page ?? null, view: view as Component<Record<string, unknown>>, given, language }
  })
  flushSync()
  await loaded()
  return () => void unmount(shown)
}

/** What happens in the page after a press or a key, and what the server answers to it. */
export async function after(act: () => void): Promise<void> {
  act()
  flushSync()
  await loaded()
  flushSync()
}

/** Parts of the page are imported when they are first needed, which takes as long as the machine is busy. */
async function loaded(): Promise<void> {
  await settled()
  await vi.dynamicImportSettled()
  await settled()
}
