import type { FlowKind, Message } from '#lib/accounts/flow.ts'
import { formOf } from '#lib/accounts/form.ts'
import { buttonWords, hintOf, labelOf, messageWords, noticesOf, troubleWords } from '#lib/views/sign-in/wording.ts'
import { english, german } from '../../../../tests/words.ts'
import { expect, test } from 'vitest'
import { recordedResponse, recordedFlow, recordedNames } from '../../../../tests/recorded.ts'

const en = english.signIn

function message(id: number, more: Partial<Message> = {}): Message {
  return { id, text: 'Kratos’ own words', type: 'error', context: {}, ...more }
}

/** Every form that was recorded, of the flow that its name begins with. */
const FORMS = recordedNames().flatMap((name) => {
  const body = recordedResponse(name).body as { ui?: unknown } | null
  if (!body?.ui) return []
  const kind = (['registration', 'recovery', 'verification', 'settings'] as const).find((each) => name.startsWith(each))
  const kinds: Record<string, FlowKind> = { 'two-step': 'registration', 'recovery-settings': 'settings' }
  const known = Object.entries(kinds).find(([start]) => name.startsWith(start))?.[1]
  return [[name, formOf(recordedFlow(known ?? kind ?? 'login', name))] as const]
})

test.each(FORMS)('every label, button and message of a real form has our words: %s', (_, form) => {
  // In German, so that words of Kratos would be seen.
  const de = german.signIn
  for (const part of form.groups.flatMap((group) => group.parts)) {
    if (part.is === 'button') expect(buttonWords(de, form, part, 'de')).not.toBe(part.label?.text)
    if (part.is !== 'field') continue
    expect(labelOf(de, form, part).label).not.toMatch(/traits|_|E-Mail/)
    for (const problem of part.problems) expect(messageWords(de, problem)).not.toBe(problem.text)
  }
  for (const said of noticesOf(form)) expect(messageWords(de, said)).not.toBe(said.text)
})

test.each(['E-Mail', 'Address', 'Your address'])(
  'the address is called so in our words, although the schema says %s',
  (title) => {
    const form = formOf(recordedFlow('login', 'login'))
    const [field] = form.groups.flatMap(({ parts }) => parts).filter((part) => part.is === 'field')
    if (!field) throw new Error('there is no field')
    const label = labelOf(german.signIn, form, { ...field, label: message(1070002, { text: title }) })
    expect([field.name, label]).toEqual(['identifier', { label: 'Adresse' }])
  }
)

test('a message that is about a value says it', () => {
  const short = message(4000032, { context: { min_length: 8, actual_length: 5 } })
  expect(messageWords(en, short)).toBe('Too short: at least 8 characters.')
  expect(messageWords(german.signIn, short)).toBe('Zu kurz: mindestens 8 Zeichen.')
})

test('an address that is taken is said to be', () => {
  expect(messageWords(en, message(4000007))).toContain('There is an account with this address already.')
})

test('what we have no words for keeps those of Kratos or of the schema', () => {
  expect(messageWords(en, message(4999999))).toBe('Kratos’ own words')
  expect(messageWords(en, message(4000001, { text: 'it must be blue' }))).toBe('it must be blue')
  expect(messageWords(en, message(4000001, { text: '"x" is not valid "email"' }))).toBe('This is not an address yet.')
})

test('keys without a name are told apart by the moment at which they were added', () => {
  const form = formOf(recordedFlow('settings', 'settings'))
  const [some] = form.groups.flatMap((group) => group.parts).filter((part) => part.is === 'button')
  if (!some) throw new Error('there is no button')
  const names = ['2026-11-26T21:24:41Z', '2026-11-26T21:25:09Z'].map((added_at) => {
    const label = message(1050020, { context: { display_name: 'unnamed', added_at } })
    return buttonWords(en, form, { ...some, label }, 'en')
  })
  expect(new Set(names).size).toBe(2)
})

test('trouble has calm words, known or not', () => {
  for (const code of ['kratos_away', 'kratos_silent', 'no_response', 'too_busy', 'flow_disabled', 'never heard of']) {
    expect(troubleWords(en, { code, detail: 'internal detail' })).not.toMatch(/internal detail/)
  }
})

test('whoever guessed too often reads how long to wait, in minutes rounded up', () => {
  const after = (retryAfter?: number): string => troubleWords(en, { code: 'too_many_guesses', detail: '', retryAfter })
  expect([1, 60, 61, 600].map(after)).toEqual([
    'Too many passwords or codes were wrong. Try again in a minute.',
    'Too many passwords or codes were wrong. Try again in a minute.',
    'Too many passwords or codes were wrong. Try again in 2 minutes.',
    'Too many passwords or codes were wrong. Try again in 10 minutes.'
  ])
  expect(after()).toBe('Too many passwords or codes were wrong. Try again in 10 minutes.')
})

test('who waits for a code reads what to do if none comes', () => {
  expect(hintOf(en, formOf(recordedFlow('recovery', 'recovery')))).toBeNull()
  expect(hintOf(en, formOf(recordedFlow('recovery', 'recovery-sent')))).toContain('Check your spam folder')
})
