import type { NotificationLevel } from '#lib/state/mail.ts'
import { Notifier } from '#lib/state/notifier.ts'
import { describe, expect, test } from 'vitest'

function scene(permission: NotificationPermission, answer: NotificationPermission = 'granted') {
  const seen = { asked: 0, kept: 'none' as NotificationLevel, shown: [] as string[], permission }
  const notifier = new Notifier(
    {
      level: () => Promise.resolve(seen.kept),
      keep: (level) => Promise.resolve(void (seen.kept = level))
    },
    {
      permission: () => seen.permission,
      ask: () => Promise.resolve(((seen.asked += 1), (seen.permission = answer))),
      show: (title) => seen.shown.push(title)
    }
  )
  return { notifier, seen }
}

describe('the browser', () => {
  test('is asked when the person presses the switch, and not before', async () => {
    const { notifier, seen } = scene('default')
    expect([await notifier.level(), seen.asked]).toEqual(['none', 0])
    expect([await notifier.turn('that'), seen.asked, seen.kept]).toEqual(['that', 1, 'that'])
    await notifier.turn('what')
    expect(seen.asked).toBe(1)
  })

  test('that refuses leaves the switch off, and is not asked again', async () => {
    const { notifier, seen } = scene('default', 'denied')
    expect([await notifier.turn('what'), notifier.permission, seen.kept]).toEqual(['none', 'denied', 'none'])
    await notifier.turn('what')
    expect(seen.asked).toBe(1)
  })

  test('that took its permission back shows nothing, and the switch is off', async () => {
    const { notifier, seen } = scene('granted')
    await notifier.turn('that')
    notifier.show('one', '', () => undefined)
    seen.permission = 'denied'
    notifier.show('two', '', () => undefined)
    expect([seen.shown, await notifier.level()]).toEqual([['one'], 'none'])
  })

  test('without notifications says so', () => {
    expect(new Notifier({} as never, null).permission).toBe('unsupported')
  })
})
