/** What rows need once they are shown: the actions of the one under the pointer, dragging, swiping. */
import { whenPainted } from '#lib/ui/idle.ts'
import type { Row } from '#lib/state/mail.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { latePart } from '#lib/ui/late-part.ts'
import { hearTouches, type Touch } from '#lib/views/list/touch.ts'
import type { ActionWords } from '#lib/words/actions.ts'
import type { Component } from 'svelte'

/** Undefined without a network: the next row asks again. */
export function loadActions(): Promise<Component<{ row: Row }> | undefined> {
  return import('#lib/views/list/RowActions.svelte').then(
    ({ default: actions }) => actions,
    () => undefined
  )
}

/**
 * A finger swipes rows, a mouse drags them. Returns how to end it. The code of a gesture loads once the list is painted, or at the
 * first touch. It gets the events of the last touch that came before. It gets no earlier one: people who saw nothing happen
 * repeat a swipe, and mean it once.
 */
export function beginGestures(
  region: HTMLElement,
  coarse: boolean,
  page: MailPage,
  words: () => ActionWords | null
): () => void {
  const early = new AbortController()
  const { signal } = early
  let touches: Touch[] = []
  let begun: Promise<void> | undefined
  let end = (): void => undefined
  const load = (): void => {
    begun ??= latePart(() =>
      coarse
        ? import('#lib/views/list/touching.svelte.ts').then(({ touching }) => touching)
        : import('#lib/views/list/dragging.ts').then(({ dragging }) => dragging)
    ).then((begin) => {
      if (signal.aborted) return
      early.abort()
      end = begin(region, page, words, touches)
    })
  }
  if (coarse)
    hearTouches(region, signal, (touch) => {
      if (touch.event.type === 'touchstart') touches = []
      touches.push(touch)
      load()
    })
  const callOff = whenPainted(load)
  return () => {
    callOff()
    early.abort()
    end()
  }
}
