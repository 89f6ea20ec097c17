import { onSignedOutElsewhere, tellOthers } from '#lib/accounts/other-tabs.ts'
import { expect, test, vi } from 'vitest'

test('a tab hears of the sign-out in another one, until it stops', async () => {
  const [left, stays] = [vi.fn(), vi.fn()]
  const end = onSignedOutElsewhere(left)
  onSignedOutElsewhere(stays)()
  tellOthers()
  await vi.waitFor(() => expect(left).toHaveBeenCalledOnce())
  expect(stays).not.toHaveBeenCalled()
  end()
})
