import { listed, type Listed } from '../../../tests/listed.ts'
import { ALL } from '#lib/commands/all.ts'
import { Keyboard, type Key } from '#lib/commands/keyboard.ts'
import { act } from '#lib/actions/state/act.ts'
import { expect, test, vi } from 'vitest'

interface Scene extends Listed {
  time: number
  /** types keys one behind the other; true for each that was ours */
  press: (keys: string, more?: Partial<Key>) => boolean[]
}

function scene(...given: Parameters<typeof listed>): Scene {
  const base = listed(...given)
  const made: Scene = Object.assign(base, { time: 0, press: () => [] as boolean[] })
  const keyboard = new Keyboard(base.page, ALL)
  made.press = (keys, more = {}) =>
    keys.split(' ').map((name) =>
      keyboard.press({
        key: name,
        at: made.time,
        shiftKey: /^[A-Z]$/.test(name),
        ctrlKey: false,
        metaKey: false,
        altKey: false,
        repeat: false,
        typing: false,
        inList: true,
        ...more
      })
    )
  base.page.cursor.current = 't0'
  return made
}

test('no key runs two commands', () => {
  const keys = ALL.flatMap((command) => command.keys)
  expect(keys).toEqual([...new Set(keys)])
})

test('each command is listed once', () => {
  const names = ALL.map(({ name }) => name)
  expect(names).toEqual([...new Set(names)])
})

test('a key runs its command only where the command makes sense', () => {
  const { press, page } = scene(3)
  expect(press('j')).toEqual([true])
  expect(page.cursor.current).toBe('t1')
  expect(press('r')).toEqual([false])
})

test('keys are text while the person writes, and those with Ctrl belong to the browser', () => {
  const { press, did, page } = scene(3)
  page.notices.say('Done', { run: () => did.push({ action: { kind: 'archive' }, threadIds: [] }), done: 'Undone' })
  expect(press('e z', { typing: true })).toEqual([false, false])
  expect(press('z', { typing: true, ctrlKey: true })).toEqual([false])
  expect(press('e j w t', { ctrlKey: true })).toEqual([false, false, false, false])
  expect(press('l', { metaKey: true })).toEqual([false])
  expect(did).toEqual([])
  expect(press('z', { ctrlKey: true })).toEqual([true])
  expect(did).toHaveLength(1)
})

test('Ctrl+A selects the rows in the list only: elsewhere it selects text', () => {
  const { press, page } = scene(3)
  expect(press('a', { ctrlKey: true, inList: false })).toEqual([false])
  expect(press('a', { ctrlKey: true })).toEqual([true])
  expect(page.triage.count).toBe(3)
})

test('caps lock does not turn J into "widen the selection"', () => {
  const { press, page } = scene(3)
  press('J', { shiftKey: false })
  expect([page.cursor.current, page.triage.isSelecting]).toEqual(['t1', false])
})

test('a character that needs AltGr or Option works, a letter with Alt is the browser menu', () => {
  const { press, did } = scene(3)
  expect(press('e', { altKey: true })).toEqual([false])
  press('#', { altKey: true, ctrlKey: true })
  expect(did.map(({ action }) => action.kind)).toEqual(['delete'])
})

test('who rests on a key archives one conversation, but moves on and on', () => {
  const { press, did, page } = scene(5)
  press('e')
  press('e e', { repeat: true })
  expect(did).toHaveLength(1)
  press('j j', { repeat: true })
  expect(page.cursor.current).toBe('t3')
})

test('S takes stars away only where all that it hits have one', () => {
  const { press, page, did } = scene(4)
  page.triage.toggle('t0')
  page.triage.toggle('t1')
  press('s')
  page.triage.toggle('t0')
  page.triage.toggle('t3')
  press('s')
  expect(did.map(({ action }) => action)).toEqual([
    { kind: 'star', on: true },
    { kind: 'star', on: false }
  ])
})

test.each([
  ['e', { kind: 'archive' }, 't2'],
  [']', { kind: 'archive' }, 't2'],
  ['[', { kind: 'archive' }, 't0'],
  ['#', { kind: 'delete' }, 't2'],
  ['!', { kind: 'spam', on: true }, 't2'],
  ['I', { kind: 'read', on: true }, 't1'],
  ['U', { kind: 'read', on: false }, 't1']
])('the key %s does its action, and the keyboard is where it leads', (key, action, next) => {
  const { press, did, page } = scene(3)
  page.cursor.current = 't1'
  expect(press(key)).toEqual([true])
  expect([did, page.cursor.current]).toEqual([[{ action, threadIds: ['t1'] }], next])
})

test.each([
  ['* r', ['t1', 't3']],
  ['* u', ['t0', 't2']],
  ['* s', ['t0', 't3']],
  ['* t', ['t1', 't2']]
])('%s selects what is so', (keys, selected) => {
  const { press, page } = scene(4)
  expect(press(keys)).toEqual([true, true])
  expect([...page.triage.selection.ids]).toEqual(selected)
})

test('Y archives from a mailbox, and does nothing in the archive', () => {
  const inbox = scene(3)
  expect([inbox.press('y'), inbox.did[0]?.action]).toEqual([[true], { kind: 'archive' }])
  const archive = scene(3, { role: 'archive' })
  expect([archive.press('y'), archive.did]).toEqual([[false], []])
})

test('two keys go together for a while; Shift between them does not part them', () => {
  const { press, page, went } = scene(4)
  expect(press('* Shift u')).toEqual([true, false, true])
  expect([...page.triage.selection.ids]).toEqual(['t0', 't2'])
  press('g t')
  expect(went).toEqual(['/mail/sent'])
})

test('the second key counts for itself when it comes late', () => {
  const made = scene(4)
  made.press('*')
  made.time = 5_000
  made.press('s')
  expect(made.page.triage.isSelecting).toBe(false)
  expect(made.did.map(({ action }) => action.kind)).toEqual(['star'])
})

test('who mistypes the second key does nothing', () => {
  const { press, did, page } = scene(4)
  expect(press('g e')).toEqual([true, true])
  expect([did, page.cursor.current]).toEqual([[], 't0'])
})

test('one switch turns all single keys off; those with Ctrl and Escape stay', () => {
  const { press, page, did } = scene(4)
  page.preferences.set({ singleKeys: false })
  expect(press('e j x # * ? .')).toEqual([false, false, false, false, false, false, false])
  press('a', { ctrlKey: true })
  expect(page.triage.count).toBe(4)
  expect(press('Escape')).toEqual([true])
  expect([page.triage.isSelecting, did]).toEqual([false, []])
})

test('Shift+J and Shift+K widen the selection and give back', () => {
  const { press, page } = scene(6)
  press('j J J')
  expect([...page.triage.selection.ids]).toEqual(['t1', 't2', 't3'])
  press('K')
  expect([...page.triage.selection.ids]).toEqual(['t1', 't2'])
})

test('who types on while a window of writing loads runs no command, and nothing is lost', () => {
  const { press, page, did } = scene(3)
  press('c')
  expect(press('H e # Backspace')).toEqual([true, true, true, true])
  expect(did).toEqual([])
  expect(page.early.take()).toBe('He')
  expect(page.early.take()).toBe('')
  press('e')
  expect(did).toHaveLength(1)
})

test('if no window of writing comes, keys run commands again after a rest', async () => {
  vi.useFakeTimers()
  const { press, page, did } = scene(3)
  await page.writing.start({ kind: 'new' })
  press('e')
  vi.advanceTimersByTime(900)
  press('e')
  expect(did).toEqual([])
  vi.advanceTimersByTime(1_100)
  press('e')
  expect(did).toHaveLength(1)
  vi.useRealTimers()
})

test('R, A and F reply, reply to all and forward the last message that is no draft', () => {
  const { press, page } = scene(3)
  const last = { id: 'm1', draft: false }
  page.show('inbox', 't0')
  Object.assign(page.mail.reader, {
    conversation: { threadId: 't0', messages: [{ id: 'm0', draft: false }, last, { id: 'm2', draft: true }] }
  })
  const replied: unknown[] = []
  page.reading.reply = (...given) => void replied.push(given)
  expect(press('r a f')).toEqual([true, true, true])
  expect(replied).toEqual([
    ['reply', last],
    ['replyAll', last],
    ['forward', last]
  ])
})

test('Enter opens the first row, which the list marks, before the keyboard has moved', () => {
  const { press, page, went } = scene(3)
  page.cursor.current = null
  expect(press('Enter')).toEqual([true])
  expect(went).toEqual(['/mail/inbox/t0'])
})

test('Enter opens nothing in an empty list', () => {
  const { press, page } = scene(0)
  page.cursor.current = null
  expect(press('Enter')).toEqual([false])
})

/** The keyboard was at t1, which has left. */
function ledOn(): Scene {
  const made = scene(3)
  const { page } = made
  page.cursor.current = 't1'
  page.cursor.advance()
  page.mail.actions.run({ kind: 'archive' }, ['t1'])
  expect([page.cursor.advance(), page.cursor.current]).toEqual([true, 't2'])
  return made
}

test.each(['r', 'a', 'f', 'Enter', 'o', 'x', 'J', 'K'])(
  '%s that was pressed before the keyboard was led on is not about the next conversation',
  (key) => {
    const { page, press, went } = ledOn()
    page.show('inbox', 't0')
    page.cursor.current = 't2'
    const conversation = { threadId: 't0', messages: [{ id: 'm0', draft: false }] }
    Object.assign(page.mail.reader, { conversation })
    expect(press(key)).toEqual([true])
    expect([went, page.triage.isSelecting]).toEqual([[], false])
  }
)

test('a key that was pressed before the keyboard was led on to another conversation does nothing to that one', () => {
  const made = ledOn()
  const { did, press } = made
  expect(press('#')).toEqual([true])
  expect(did).toHaveLength(1)
  made.time = performance.now()
  press('#')
  expect(did.at(-1)).toEqual({ action: { kind: 'delete' }, threadIds: ['t2'] })
})

test('a key that was pressed before the keyboard was led on sorts nothing, but takes back what was done', () => {
  const { press, page, did } = scene(4)
  act(page, { kind: 'star', on: true })
  page.cursor.advance()
  page.mail.actions.run({ kind: 'archive' }, ['t0'])
  page.cursor.advance()
  const before = did.length
  press('e z', { at: -1 })
  expect([page.cursor.current, did.length - before, page.notices.shown?.undo ?? null]).toEqual(['t1', 0, null])
})
