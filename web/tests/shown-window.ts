/** A window of writing in a document of jsdom, and hands for it. Squire needs a browser: mock it in the test. */
import { after, draw } from './drawn.ts'
import { FakeCompositions, type FakeComposition } from './fake-compositions.svelte.ts'
import type { Draft } from '#lib/writing/domain/draft.ts'
import type { Frame } from '#lib/writing/page/frame.ts'
import Window from '#lib/writing/page/Window.svelte'
import { compose as words } from '#lib/words/en/compose.ts'
import { afterEach } from 'vitest'

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

export interface Shown {
  compose: FakeCompositions
  composition: FakeComposition
  did: string[]
  /** takes the window away */
  end: () => void
}

export async function shown(
  draft: Partial<Draft> = {},
  prepare?: (scene: Shown) => void,
  phone = false
): Promise<Shown> {
  const compose = new FakeCompositions()
  const did: string[] = []
  const end = (): void => ends.splice(0).forEach((each) => each())
  const scene = { compose, composition: compose.begin({ format: 'plain', ...draft }), did, end }
  prepare?.(scene)
  const frame: Frame = {
    phone,
    full: false,
    onminimise: () => did.push('minimise'),
    onresize: () => did.push('resize'),
    onend: () => did.push('end'),
    ondiscard: () => did.push('discard')
  }
  const given = { compose, composition: scene.composition, words, locale: 'en-GB', frame }
  ends.push(await draw(null, Window as never, given))
  return scene
}

export function key(target: Element | null, name: string, more: KeyboardEventInit = {}): Promise<void> {
  return after(() =>
    target?.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...more }))
  )
}

export function type(field: Element | null, text: string): Promise<void> {
  return after(() => {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement))
      throw new Error('there is no field')
    field.focus()
    field.value = text
    field.dispatchEvent(new Event('input', { bubbles: true }))
  })
}

export const input = (list = 'To') => document.querySelector(`[role="group"][aria-label="${list}"] input`)
export const chips = (list = 'To') =>
  [...document.querySelectorAll(`[role="group"][aria-label="${list}"] .who`)].map((chip) =>
    chip.getAttribute('aria-label')
  )
export const button = (name: string) =>
  [...document.querySelectorAll('button')].find(
    (one) => (one.getAttribute('aria-label') ?? one.textContent.trim()) === name
  )
export const press = (name: string) => after(() => button(name)?.click())
export const alerts = () =>
  [...document.querySelectorAll('[role="alert"]')].map((one) => one.textContent.trim().replaceAll(/\s+/g, ' '))
export const ann = { name: 'Ann', address: 'ann@example.org' }
