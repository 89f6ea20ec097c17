import { Objects } from '#lib/store/objects.ts'
import { PendingEntries } from '#lib/actions/sync/pending.ts'
import { expect, test } from 'vitest'

test('what the mail server did not change is not shown as changed any more, though the next round has not come', () => {
  const objects = new Objects()
  const pending = new PendingEntries(objects)
  const patches = [{ emailIds: ['e1', 'e2'], keywords: { $flagged: true } }]
  pending.put({ id: 'a', at: 0, patches, names: {}, attempted: false }, Promise.resolve(true))
  pending.mark(['a'], new Set(['e1']), 1)
  expect([objects.isPending('e1'), objects.isPending('e2')]).toEqual([false, true])
})
