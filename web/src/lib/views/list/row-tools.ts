/** What rows need once they are shown: the actions of the one under the pointer, dragging, swiping. */
import { whenPainted } from '#lib/ui/idle.ts'
import type { Row } from '#lib/state/mail.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { latePart } from '#lib/ui/late-part.ts'
import type { ActionWords } from '#lib/words/actions.svelte.ts'
import type { Component } from 'svelte'

/** The conversation of the row in which something is. */
export function threadAt(target: EventTarget | null): string | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-thread]') : null
  return row?.dataset['thread']
}

/** Undefined without a network: the next row asks again. */
export function loadActions(): Promise<Component<{ row: Row }> | undefined> {
  return import('#lib/views/list/RowActions.svelte').then(
    ({ default: actions }) => actions,
    () => undefined
  )
}

/** A finger swipes rows, a mouse drags them. Returns how to end it. */
export function beginGestures(
  region: HTMLElement,
  coarse: boolean,
  page: MailPage,
  words: () => ActionWords | null
): () => void {
  let begun: Promise<() => void> | null = null
  const callOff = whenPainted(() => {
    const gestures = latePart(() =>
      coarse
        ? import('#lib/views/list/touching.svelte.ts').then(({ touching }) => touching)
        : import('#lib/views/list/dragging.ts').then(({ dragging }) => dragging)
    )
    begun = gestures.then((begin) => begin(region, page, words))
  })
  return () => {
    callOff()
    void begun?.then((end) => end())
  }
}
