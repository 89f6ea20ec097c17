// @vitest-environment jsdom
import { after } from '../../../../tests/drawn.ts'
import { input, shown } from '../../../../tests/shown-window.ts'
import { expect, test } from 'vitest'

const plan = new File(['1'], 'plan.png', { type: 'image/png' })
/** A file that is pasted, or dragged, there. */
function give(target: Element | null, type: 'paste' | 'dragover' | 'drop'): Event {
  const data = { files: [plan], types: ['Files'], getData: () => '', dropEffect: 'copy' }
  const given = { clipboardData: data, dataTransfer: data }
  const event = Object.assign(new Event(type, { bubbles: true, cancelable: true }), given)
  target?.dispatchEvent(event)
  return event
}

test.each(['paste', 'drop'] as const)('a file is attached by a %s anywhere in the window', async (type) => {
  const { composition } = await shown()
  const subject = document.querySelector('input[id$="-subject"]')
  expect(give(subject, type).defaultPrevented).toBe(true)
  expect(composition.draft.files.map(({ name }) => name)).toEqual(['plan.png'])
})

test('a file that is dropped beside a window does not lead away from the page', async () => {
  const { end } = await shown()
  expect(give(document.body, 'dragover')).toMatchObject({
    defaultPrevented: true,
    dataTransfer: { dropEffect: 'none' }
  })
  expect(give(document.body, 'drop').defaultPrevented).toBe(true)
  expect(give(input(), 'dragover')).toMatchObject({ defaultPrevented: true, dataTransfer: { dropEffect: 'copy' } })
  await after(end)
  expect(give(document.body, 'dragover').defaultPrevented).toBe(false)
})
