/** Tabs in which messages are written, in the hands of a test. */
import { vi } from 'vitest'
// Loaded before: a test's clock does not wait for a file.
import '#lib/writing/state/compose.svelte.ts'
import '#lib/writing/state/engine.ts'
import '#lib/writing/state/compose-start.ts'
import '#lib/writing/state/compose-people.ts'
import '#lib/words/en/quoting.ts'
import type { Compose, Composition } from '#lib/writing/state/compose.ts'
import { ModelServer } from './model-server.ts'
import { opened, type Scene } from './scene.ts'
import { settled, type World } from './world.ts'

vi.mock('#lib/writing/domain/quote-html.ts', () => ({
  cleanHtml: (html: string) => html,
  quoteHtml: (html: string) => html
}))

export interface WritingScene extends Scene {
  compose: Compose
}

export async function writing(
  server = new ModelServer(),
  tabs: Parameters<World['ports']>[1] = {}
): Promise<WritingScene> {
  const scene = await opened(server, null, { upload: server.blobs.upload, ...tabs })
  const compose = await scene.mail.compose()
  await settled()
  return { ...scene, compose }
}

export async function begun({ compose }: WritingScene, text = 'Dear Ann'): Promise<Composition> {
  const composition = await compose.start({ kind: 'new', to: [{ name: 'Ann', address: 'ann@example.net' }] })
  composition.change({ format: 'plain', html: '', text })
  return composition
}

/** What the mail server has as drafts: their texts. */
export function draftsOn({ server }: Pick<WritingScene, 'server'>): string[] {
  return [...server.emails.values()].filter(({ keywords }) => keywords['$draft']).map(textOf)
}

export function textOf(email: object): string {
  const { bodyValues } = email as { bodyValues?: { text?: { value: string } } }
  return bodyValues?.text?.value ?? ''
}
