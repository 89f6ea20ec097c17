import { WaitingChanges } from '#lib/sync/waiting-changes.ts'
import { expect, test } from 'vitest'

test('a change is shown with what this device knows before the service has told its list, and undone if it is refused', async () => {
  let shown: readonly string[] = []
  const changes = new WaitingChanges<string>((items) => (shown = items))
  const refused = changes.make(
    (items) => [...items, 'b'],
    ['a'],
    () => Promise.reject(new Error('refused'))
  )
  expect(shown).toEqual(['a', 'b'])
  await expect(refused).rejects.toThrow('refused')
  expect(shown).toEqual(['a'])
})
