// @vitest-environment jsdom
import { alerts, ann, button, input, key, press, shown, type } from '../../../../tests/shown-window.ts'
import { after } from '../../../../tests/drawn.ts'
import { OPEN_QUOTED_WHOLE } from '#lib/writing/domain/html-of-text.ts'
import { voice } from '#lib/ui/voice.svelte.ts'
import { expect, onTestFinished, test, vi } from 'vitest'

// Squire needs a browser.
vi.mock('#lib/writing/page/editor.ts', () => ({}))

test('the dialog is named by the subject', async () => {
  await shown({ subject: 'Pallet 3' })
  const dialog = document.querySelector('[role="dialog"]')
  expect(document.getElementById(dialog?.getAttribute('aria-labelledby') ?? '')?.textContent).toBe('Pallet 3')
})

test('Ctrl+Shift+C and Ctrl+Shift+B show Cc and Bcc, and go there', async () => {
  await shown()
  const box = document.querySelector('.window')
  await key(box, 'C', { ctrlKey: true, shiftKey: true })
  expect(document.activeElement).toBe(input('Cc'))
  await key(box, 'B', { ctrlKey: true, shiftKey: true })
  expect(document.activeElement).toBe(input('Bcc'))
})

test('Ctrl+Enter sends, also what is still in the field of recipients', async () => {
  const { composition, did } = await shown({ subject: 'Hello' })
  await type(input(), 'ann@example.org')
  await key(input(), 'Enter', { ctrlKey: true })
  expect(composition.did).toEqual([['send', {}]])
  expect([composition.draft.to.map(({ address }) => address), did]).toEqual([['ann@example.org'], ['end']])
})

test('what speaks against sending is asked in the window, and may be overruled', async () => {
  const { composition, did } = await shown({ to: [ann], text: 'See the attached offer' }, (scene) => {
    scene.composition.objections = [{ kind: 'no_attachment', word: 'attached' }, { kind: 'no_subject' }]
  })
  await press('Send')
  expect(alerts()).toEqual([expect.stringContaining('You mention an attachment (“attached”), and there is none.')])
  expect(did).toEqual([])
  await press('Send anyway')
  expect(alerts()).toEqual([expect.stringContaining('This message has no subject.')])
  await press('Send anyway')
  expect(composition.did).toEqual([
    ['send', {}],
    ['send', { anyway: true }],
    ['send', { anyway: true }]
  ])
  expect(did).toEqual(['end'])
})

test('that the quote may hold what nobody saw is said as long as it is there', async () => {
  const { composition } = await shown({ html: `<div>Yes</div>${OPEN_QUOTED_WHOLE}Come?</div>` })
  expect(alerts()).toEqual([expect.stringContaining('may not have been visible')])
  await after(() => composition.change({ html: '<div>Yes</div>' }))
  expect(alerts()).toEqual([])
})

test.each([
  ['uploading', { kind: 'uploading', done: 0 }],
  ['upload_failed', { kind: 'failed', trouble: { code: 'unavailable', retryAt: null, reference: null } }]
] as const)('that a file is uploaded first is said until it is (%s)', async (kind, state) => {
  const { composition } = await shown({ to: [ann] }, (scene) => {
    const files = scene.composition.attach([new File(['1'], 'plan.pdf')])
    scene.composition.states = new Map([['f0', state]])
    scene.composition.objections = [{ kind, files }]
  })
  await press('Send')
  expect(alerts()).toEqual([expect.stringContaining('plan.pdf')])
  await after(() => (composition.states = new Map()))
  expect(alerts()).toEqual([])
})

const wrong = { name: '', address: 'ann@' }
const plan = { id: 'f0', name: 'plan.pdf', type: 'application/pdf', size: 1, blobId: 'b0', cid: null }

test.each([
  ['Add a recipient first.', { to: [] }, { kind: 'nobody' }, { to: [ann] }],
  ['ann@', { to: [wrong] }, { kind: 'not_addresses', recipients: [wrong] }, { to: [ann] }],
  ['and there is none', { to: [ann] }, { kind: 'no_attachment', word: 'attached' }, { files: [plan] }],
  ['This message has no subject.', { to: [ann] }, { kind: 'no_subject' }, { subject: 'Pallet 3' }]
] as const)('what spoke against sending is said until it is put right (%s)', async (said, draft, objection, mended) => {
  const { composition } = await shown(draft, (scene) => (scene.composition.objections = [objection]))
  await press('Send')
  expect(alerts()).toEqual([expect.stringContaining(said)])
  await after(() => composition.change(mended))
  expect(alerts()).toEqual([])
})

test('without a recipient nothing is sent, and the field has the focus', async () => {
  await shown({}, (scene) => (scene.composition.objections = [{ kind: 'nobody' }]))
  await press('Send')
  expect(alerts()).toEqual(['Add a recipient first.'])
  expect(document.activeElement).toBe(input())
  expect(button('Send anyway')).toBeUndefined()
})

test('Escape saves and closes; keys of the window reach nothing behind it', async () => {
  const { composition, did } = await shown()
  const behind = vi.fn()
  addEventListener('keydown', behind)
  onTestFinished(() => removeEventListener('keydown', behind))
  await key(button('Send') ?? null, 'e')
  expect(behind).not.toHaveBeenCalled()
  await key(document.querySelector('.window'), 'F6')
  expect(behind).toHaveBeenCalledOnce()
  await key(document.querySelector('textarea'), 'Escape')
  expect([composition.did, did]).toEqual([['close'], ['end']])
})

test('Escape of somebody who composes a character closes nothing', async () => {
  const { composition } = await shown()
  await key(document.querySelector('textarea'), 'Escape', { isComposing: true })
  expect(composition.did).toEqual([])
})

test('a message that may have left asks the person, and cannot be changed until then', async () => {
  const { composition } = await shown({ to: [ann] }, (scene) => (scene.composition.status = 'unknown'))
  expect(alerts()).toEqual([expect.stringContaining('We do not know whether it left.')])
  expect([document.querySelector('textarea')?.readOnly, button('Send')]).toEqual([true, undefined])
  await press('Send again')
  await press('Keep as draft')
  expect(composition.did).toEqual(['send again', 'keep'])
})

test('a draft that another tab writes is shown, and taken over by a press', async () => {
  const { composition } = await shown({ text: 'Dear Ann' }, (scene) => (scene.composition.elsewhere = true))
  const area = document.querySelector('textarea')
  expect([area?.readOnly, area?.value]).toEqual([true, 'Dear Ann'])
  await press('Take over')
  expect([composition.elsewhere, document.querySelector('textarea')?.readOnly]).toEqual([false, false])
})

test('what is typed and pasted while it is being taken over is put into the text, which has the focus then', async () => {
  const inserted: string[] = []
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else types into fields and editors alike
  document.execCommand = (_, __, text = '') => (inserted.push(`${document.activeElement?.tagName} ${text}`), true)
  const { composition, did } = await shown({ text: 'Dear Ann' }, (scene) => (scene.composition.elsewhere = true))
  composition.takeOver = () => undefined
  await press('Take over')
  for (const name of ['h', 'x', 'Backspace', 'i', ' ', 'e', 'Enter']) await key(document.activeElement, name)
  const clipboardData = { getData: (type: string) => (type === 'text/plain' ? 'and so on' : '') }
  const paste = Object.assign(new Event('paste', { bubbles: true, cancelable: true }), { clipboardData })
  await after(() => document.activeElement?.dispatchEvent(paste))
  await key(document.activeElement, '.')
  expect([did, inserted, paste.defaultPrevented]).toEqual([[], [], true])
  await after(() => (composition.elsewhere = false))
  await vi.waitFor(() => expect(inserted).toEqual(['TEXTAREA hi e\nand so on.']))
  await key(document.activeElement, 'Enter')
  expect(inserted).toHaveLength(1)
})

test('why it was not sent stands in the window, and its text is there', async () => {
  await shown({ text: 'Dear Ann' }, ({ composition }) => {
    composition.trouble = { code: 'overQuota', retryAt: null, reference: null }
    composition.conflict = 'changed'
  })
  expect(alerts()).toEqual([
    expect.stringContaining('Not sent. Your mailbox is full.'),
    'Another device changed this draft, too. Both versions are kept in Drafts.'
  ])
  expect(document.querySelector('textarea')?.value).toBe('Dear Ann')
})

test('why it was not sent stays until the person closes it', async () => {
  const { composition } = await shown({ to: [ann], text: 'Hello' }, ({ composition }) => {
    composition.trouble = { code: 'forbiddenToSend', retryAt: null, reference: null }
  })
  await after(() => composition.change({ text: 'Hello!' }))
  expect(alerts()).toHaveLength(1)
  await press('Hide why it was not sent')
  expect(alerts()).toEqual([])
})

test.each([
  [4, ['a0@example.org: No.', 'a1@example.org: No.', 'a2@example.org: No.', 'a3@example.org: No.'], undefined],
  [200, ['a0@example.org: No.', 'a1@example.org: No.', 'a2@example.org: No.'], 'and 197 more recipients']
])('of %i people who were refused the first are named, the others can be unfolded', async (count, first, more) => {
  await shown({}, ({ composition }) => {
    const detail = Array.from({ length: count }, (_, at) => `a${at}@example.org: No.`).join('\n')
    composition.trouble = { code: 'refused_recipients', retryAt: null, reference: null, detail }
  })
  const bar = document.querySelector('[role="alert"]')
  const folded = bar?.querySelector('details')
  const names = (list: Element | null | undefined) => [...(list?.children ?? [])].map((one) => one.textContent)
  expect([names(bar?.querySelector('ul')), folded?.querySelector('summary')?.textContent]).toEqual([first, more])
  expect(names(folded?.querySelector('ul'))).toHaveLength(count - first.length)
})

test('a save that fails is said, one that goes well is only shown', async () => {
  const { composition } = await shown()
  const state = () => [document.querySelector('.state')?.textContent.trim(), voice.text]
  await after(() => (composition.save = { kind: 'saved', at: new Date(2026, 10, 25, 14, 36) }))
  expect(state()).toEqual(['Saved 14:36', ''])
  await after(() => (composition.save = { kind: 'device', trouble: null }))
  expect(state()).toEqual(['Kept on this device', 'Kept on this device.'])
  await after(
    () => (composition.save = { kind: 'failed', trouble: { code: 'unknown', retryAt: null, reference: null } })
  )
  expect(alerts()).toEqual(['Not saved. Copy your text before you leave this page.'])
})

test('that this device keeps nothing is said once, with what to do', async () => {
  const { composition } = await shown({}, (scene) => {
    scene.composition.trouble = { code: 'not_kept', retryAt: null, reference: null }
    scene.composition.save = { kind: 'failed', trouble: scene.composition.trouble }
  })
  expect(alerts()).toEqual([
    'Not sent. This browser could not note on this device that the message is sent; its storage may be full. Make room and send again, or send it from another browser. Not saved. Copy your text before you leave this page.'
  ])
  await after(() => (composition.save = { kind: 'saved', at: new Date() }))
  expect(alerts()).toEqual([expect.stringMatching(/^Not sent\. .* another browser\.$/)])
})

test('a file shows how far it is; one that failed can be tried again or removed', async () => {
  const file = { id: 'f1', name: 'proofs.zip', type: 'application/zip', size: 4_120, blobId: null, cid: null }
  const { composition } = await shown(
    { files: [file, { ...file, id: 'f2', name: 'inline.png', cid: 'a@b' }] },
    (scene) => {
      scene.composition.states = new Map([['f1', { kind: 'uploading', done: 0.64 }]])
    }
  )
  expect(document.querySelector('progress')?.getAttribute('aria-label')).toBe('64% uploaded')
  expect(document.body.textContent).not.toContain('inline.png')
  const trouble = { code: 'unavailable', retryAt: null, reference: null }
  await after(() => (composition.states = new Map([['f1', { kind: 'failed', trouble }]])))
  await press('Try again')
  await press('Remove proofs.zip')
  expect([composition.did, composition.draft.files.map(({ id }) => id)]).toEqual([[['again', 'f1']], ['f2']])
})

test('when a file is removed the next one has the focus, and after the last one the text', async () => {
  const file = { id: 'f1', name: 'one.pdf', type: 'application/pdf', size: 4_120, blobId: 'b', cid: null }
  await shown({ files: [file, { ...file, id: 'f2', name: 'two.pdf' }] })
  await press('Remove one.pdf')
  expect(document.activeElement?.getAttribute('aria-label')).toBe('Remove two.pdf')
  await press('Remove two.pdf')
  await vi.waitFor(() => expect(document.activeElement).toBe(document.querySelector('textarea')))
})

test('who was signed out while writing reads so in the window, and signs in from there', async () => {
  await shown({ text: 'Dear Ann' }, ({ composition }) => {
    const trouble = { code: 'no_session', retryAt: null, reference: null }
    composition.save = { kind: 'device', trouble }
  })
  expect(alerts()).toEqual([expect.stringContaining('You were signed out. What you wrote is kept.')])
  const link = document.querySelector<HTMLAnchorElement>('[role="alert"] a')
  const here = encodeURIComponent(location.pathname + location.search)
  expect([link?.textContent, link?.getAttribute('href')]).toEqual(['Sign in', `/sign-in?return_to=${here}`])
})

test('a file that is too large is named with the limit', async () => {
  await shown({}, ({ composition }) => {
    composition.refusals = [{ name: 'film.mp4', trouble: { code: 'file_too_large', retryAt: null, reference: null } }]
  })
  expect(alerts()).toEqual(['film.mp4 is larger than the 50 MB that the mail server accepts.'])
})

test('of several identities one is chosen', async () => {
  const { composition } = await shown({}, ({ compose }) => {
    const none = { textSignature: '', htmlSignature: '' }
    compose.identities = [
      { id: 'i1', name: 'Alice', address: 'alice@example.org', ...none },
      { id: 'i2', name: '', address: 'sales@example.org', ...none }
    ]
  })
  const select = document.querySelector('select')
  expect([...(select?.options ?? [])].map(({ text }) => text)).toEqual([
    'Alice <alice@example.org>',
    'sales@example.org'
  ])
  await after(() => {
    if (select) select.value = 'i2'
    select?.dispatchEvent(new Event('change', { bubbles: true }))
  })
  expect(composition.draft.identityId).toBe('i2')
})

test('where the mail server cannot hold a message, there is no later', async () => {
  await shown({}, ({ compose }) => (compose.maxDelay = 0))
  expect(button('Send later')).toBeUndefined()
})

test('the quoted message is folded, and sent along all the same', async () => {
  const text = 'Yes.\n\nAnn wrote:\n> Come?'
  const { composition } = await shown({ text })
  const area = () => document.querySelector('textarea')
  expect(area()?.value).toBe('Yes.\n')
  await type(area(), 'No.\n')
  expect(composition.draft.text).toBe('No.\n\nAnn wrote:\n> Come?')
  await press('Show quoted text')
  expect([area()?.value, button('Show quoted text')]).toEqual(['No.\n\nAnn wrote:\n> Come?', undefined])
})

test('on a phone the bar on top has what one needs', async () => {
  await shown({}, undefined, true)
  const names = [...document.querySelectorAll('header button')].map(
    (one) => one.getAttribute('aria-label') ?? one.textContent.trim()
  )
  expect(names).toEqual(['Save and close', 'Attach files', 'More', 'Send'])
})
