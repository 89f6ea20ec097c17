import { describe, expect, test } from 'vitest'
import { openedWith, Settings } from './settings.ts'

describe('senders whose pictures may be shown', () => {
  test('are those that the service keeps', async () => {
    const settings = new Settings()
    settings.document = { pictures: { senders: ['ann@example.net'] } }
    const mail = await openedWith(settings)
    expect([mail.picturesAllowed('Ann@Example.net'), mail.picturesAllowed('bo@example.net')]).toEqual([true, false])
  })

  test('are added without touching anything else', async () => {
    const settings = new Settings()
    settings.document = { theme: 'dark', pictures: { senders: ['ann@example.net'], more: 1 } }
    const mail = await openedWith(settings)
    await mail.allowPictures('Bo@example.net')
    expect(settings.document).toEqual({
      theme: 'dark',
      pictures: { senders: ['ann@example.net', 'bo@example.net'], more: 1 }
    })
    expect(mail.picturesAllowed('bo@example.net')).toBe(true)
  })

  test('are merged with what another tab wrote meanwhile', async () => {
    const settings = new Settings()
    const mail = await openedWith(settings)
    settings.meanwhile = () => {
      settings.document = { theme: 'dark', pictures: { senders: ['cy@example.net'] } }
    }
    await mail.allowPictures('bo@example.net')
    expect(settings.document).toEqual({ theme: 'dark', pictures: { senders: ['cy@example.net', 'bo@example.net'] } })
  })

  test.each([{ pictures: 'all' }, { pictures: { senders: 'all' } }, { pictures: { senders: [1] } }])(
    'of an unreadable document %j are none',
    async (document) => {
      const settings = new Settings()
      settings.document = document
      const mail = await openedWith(settings)
      expect(mail.picturesAllowed('ann@example.net')).toBe(false)
    }
  )

  test('that cannot be kept are told as a trouble', async () => {
    const mail = await openedWith(null)
    await expect(mail.allowPictures('bo@example.net')).rejects.toMatchObject({ code: 'unknown' })
  })
})

describe('warnings that a person knows', () => {
  const warning = { kind: 'failed', address: 'Ann@example.net' } as const

  test('are those that the service keeps, each with what was compared', async () => {
    const settings = new Settings()
    settings.document = { warnings: { known: ['failed ann@example.net'] } }
    const mail = await openedWith(settings)
    expect(mail.knowsWarning(warning)).toBe(true)
    expect(mail.knowsWarning({ kind: 'replyElsewhere', from: 'ann@example.net', to: 'x@evil.example' })).toBe(false)
  })

  test('are added without touching anything else', async () => {
    const settings = new Settings()
    settings.document = { pictures: { senders: ['ann@example.net'] } }
    const mail = await openedWith(settings)
    await mail.knowWarning(warning)
    expect(mail.knowsWarning(warning)).toBe(true)
    expect(settings.document).toEqual({
      pictures: { senders: ['ann@example.net'] },
      warnings: { known: ['failed ann@example.net'] }
    })
  })

  test('that would fill the document are known until the page is left', async () => {
    const settings = new Settings()
    const mail = await openedWith(settings)
    const long = { kind: 'nameIsAddress', shown: 'a'.repeat(1_000), real: 'x@evil.example' } as const
    await mail.knowWarning(long)
    expect([mail.knowsWarning(long), settings.document]).toEqual([true, {}])
  })
})
