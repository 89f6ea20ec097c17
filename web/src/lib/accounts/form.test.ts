import { flowOf, type FlowKind } from '#lib/accounts/flow.ts'
import { carriedOver, entriesOf, fieldsOf, formOf, valuesOf, type Button, type Form } from '#lib/accounts/form.ts'
import { expect, test } from 'vitest'
import { recordedResponse, recordedFlow } from '../../../tests/recorded.ts'

function form(kind: FlowKind, name: string): Form {
  return formOf(recordedFlow(kind, name))
}

/** Each group with its parts: fields and buttons by name, the rest by what it is. */
function outline(shown: Form): string[] {
  return shown.groups.map(({ name, parts }) =>
    [name, ...parts.map((part) => ('name' in part ? part.name + (part.is === 'button' ? '!' : '') : part.is))].join(' ')
  )
}

function button(shown: Form, group: string, name = 'method'): Button {
  const parts = shown.groups.flatMap((each) => each.parts)
  const found = parts.find((part) => part.is === 'button' && part.group === group && part.name === name)
  if (found?.is !== 'button') throw new Error(`there is no button ${name} in ${group}`)
  return found
}

test.each<[FlowKind, string, string[]]>([
  [
    'login',
    'login',
    [
      'default identifier',
      'password password method!',
      'code method!',
      'passkey passkey_login_trigger!',
      'webauthn method!',
      'oidc provider!'
    ]
  ],
  ['login', 'login-code', ['code code method! resend!']],
  ['login', 'login-code-wrong', ['code code method! resend!']],
  ['login', 'second-factor', ['totp totp_code method!', 'lookup_secret lookup_secret method!']],
  ['login', 'second-factor-code', ['code address!']],
  ['login', 'second-factor-code-sent', ['code code method! resend!']],
  [
    'login',
    'identifier-first',
    ['identifier_first identifier method!', 'passkey passkey_challenge!', 'oidc provider!']
  ],
  [
    'registration',
    'registration',
    [
      'default traits.email traits.name',
      'password password method!',
      'code method!',
      'passkey passkey_register_trigger!',
      'webauthn webauthn_register_displayname webauthn_register_trigger!',
      'oidc provider!'
    ]
  ],
  ['registration', 'two-step', ['default traits.email traits.name', 'profile method!', 'oidc provider!']],
  ['registration', 'two-step-credentials', ['password password method!', 'passkey passkey_register_trigger!']],
  ['recovery', 'recovery', ['code email method!']],
  ['recovery', 'recovery-sent', ['code code method! email!']],
  ['verification', 'verification-done', ['code link']],
  [
    'settings',
    'settings',
    [
      'profile traits.email traits.name method!',
      'password password method!',
      'totp picture secret totp_code method!',
      'passkey passkey_register_trigger!',
      'webauthn webauthn_register_displayname webauthn_register_trigger!',
      'oidc link!',
      'lookup_secret lookup_secret_regenerate!'
    ]
  ]
])('the groups stand in our order, each with its fields and buttons: %s %s', (kind, name, groups) => {
  expect(outline(form(kind, name))).toEqual(groups)
})

test('the step before is beside the form, not in it', () => {
  expect(form('registration', 'two-step-credentials').back).toMatchObject({ name: 'screen', value: 'previous' })
})

test('script nodes and everything unknown are not shown, and nothing keeps a script', () => {
  const { status, body } = recordedResponse('registration')
  const { ui } = body as { ui: { nodes: { type: string }[] } }
  ui.nodes.push({ type: 'div' }, { type: 'iframe' })
  expect(status).toBe(200)
  const flow = flowOf('registration', body)
  const shown = flow ? JSON.stringify(formOf(flow).groups) : ''
  expect(shown).not.toMatch(/webauthn\.js|onclick|oryPasskey|onload/)
  expect(shown).not.toContain('iframe')
})

test('a picture comes with the response, from nowhere else', () => {
  const { body } = recordedResponse('settings')
  const { ui } = body as { ui: { nodes: { type: string; attributes: Record<string, string> }[] } }
  for (const node of ui.nodes.filter(({ type }) => type === 'img')) node.attributes['src'] = 'https://evil.test/p.png'
  const flow = flowOf('settings', body)
  expect(flow && outline(formOf(flow)).join()).not.toContain('picture')
})

test('a code is one field for numbers, which password managers and phones can fill', () => {
  for (const [kind, name] of [
    ['login', 'login-code'],
    ['login', 'second-factor'],
    ['recovery', 'recovery-sent']
  ] as const) {
    const [field] = fieldsOf(form(kind, name))
    expect(field).toMatchObject({ autocomplete: 'one-time-code', inputmode: 'numeric', type: 'text' })
  }
  const lookup = fieldsOf(form('login', 'second-factor')).find(({ name }) => name === 'lookup_secret')
  expect(lookup).toMatchObject({ autocomplete: 'off', inputmode: undefined })
})

test('what the node says about filling in is kept', () => {
  expect(fieldsOf(form('login', 'login')).map(({ autocomplete }) => autocomplete)).toEqual([
    'username webauthn',
    'current-password'
  ])
  expect(fieldsOf(form('registration', 'registration')).map(({ name, autocomplete }) => [name, autocomplete])).toEqual([
    ['traits.email', 'email'],
    ['traits.name', 'off'],
    ['password', 'new-password'],
    ['webauthn_register_displayname', 'off']
  ])
})

test.each([
  ['registration-refused', [['traits.email', 4000001]]],
  ['registration-similar', [['password', 4000031]]]
])('what is wrong with a value stands at its field: %s', (name, problems) => {
  const refused = fieldsOf(form('registration', name))
  expect(refused.flatMap((field) => field.problems.map(({ id }) => [field.name, id]))).toEqual(problems)
})

// What a button sends

test('signing in by password sends the shared fields, the hidden ones, the password and the method', () => {
  const shown = form('login', 'login')
  const sent = entriesOf(shown, button(shown, 'password'), { identifier: 'ada@example.org', password: 'secret' })
  expect(sent).toEqual([
    ['csrf_token', expect.any(String)],
    ['identifier', 'ada@example.org'],
    ['password', 'secret'],
    ['method', 'password']
  ])
})

test('asking for a code sends no password', () => {
  const shown = form('login', 'login')
  const sent = entriesOf(shown, button(shown, 'code'), { identifier: 'ada@example.org', password: 'secret' })
  expect(sent.map(([name]) => name)).toEqual(['csrf_token', 'identifier', 'method'])
})

test('sending a code anew keeps the hidden method and address', () => {
  const shown = form('login', 'login-code')
  const sent = Object.fromEntries(entriesOf(shown, button(shown, 'code', 'resend'), { code: '' }))
  expect(sent).toMatchObject({ method: 'code', resend: 'code', identifier: 'ada@example.org' })
})

test('a second factor by mail names its method and address', () => {
  const shown = form('login', 'second-factor-code')
  const sent = Object.fromEntries(entriesOf(shown, button(shown, 'code', 'address'), {}))
  expect(sent).toMatchObject({ method: 'code', address: 'dora@example.org' })
})

test.each([
  ['profile', 'method', { method: 'profile', 'traits.email': 'new@example.org' }],
  ['password', 'method', { method: 'password', password: 'new secret' }],
  ['oidc', 'link', { method: 'oidc', link: 'nordlicht' }],
  ['lookup_secret', 'lookup_secret_regenerate', { method: 'lookup_secret', lookup_secret_regenerate: 'true' }]
])('settings send one group at a time: %s', (group, name, expected) => {
  const shown = form('settings', 'settings')
  const values = { ...valuesOf(shown), 'traits.email': 'new@example.org', password: 'new secret', totp_code: '1' }
  const sent = Object.fromEntries(entriesOf(shown, button(shown, group, name), values))
  expect(sent).toMatchObject({ ...expected, csrf_token: expect.any(String) as string })
  expect(Object.keys(sent).filter((key) => key === 'password')).toHaveLength(group === 'password' ? 1 : 0)
})

test('an authenticator’s credential goes where Kratos reads it, and its question is not sent back', () => {
  for (const [kind, name, group, trigger, into] of [
    ['login', 'login', 'passkey', 'passkey_login_trigger', 'passkey_login'],
    ['registration', 'registration', 'passkey', 'passkey_register_trigger', 'passkey_register'],
    ['settings', 'settings', 'passkey', 'passkey_register_trigger', 'passkey_settings_register'],
    ['settings', 'settings', 'webauthn', 'webauthn_register_trigger', 'webauthn_register']
  ] as const) {
    const shown = form(kind, name)
    const sent = Object.fromEntries(entriesOf(shown, button(shown, group, trigger), valuesOf(shown), 'the credential'))
    expect(sent).toMatchObject({ [into]: 'the credential', method: group })
    expect(Object.keys(sent).join()).not.toMatch(/trigger|challenge|create_data/)
  }
})

test('the way back names no method, with which Kratos would go forward again', () => {
  const { back, ...shown } = form('registration', 'two-step-credentials')
  if (!back) throw new Error('there is no way back')
  const sent = Object.fromEntries(entriesOf({ ...shown, back }, back, {}))
  expect(sent).toMatchObject({ screen: 'previous', 'traits.email': 'dora@example.org' })
  expect(sent).not.toHaveProperty('method')
})

test('in the second of two steps the address is sent again from its hidden node', () => {
  const shown = form('registration', 'two-step-credentials')
  const sent = Object.fromEntries(entriesOf(shown, button(shown, 'password'), { password: 'secret' }))
  expect(sent).toMatchObject({ 'traits.email': 'dora@example.org', password: 'secret', method: 'password' })
})

test('a form that takes the place of an expired one keeps what was typed, but no password and no code', () => {
  const typed = { identifier: 'ada@example.org', password: 'secret', totp_code: '123456' }
  const login = form('login', 'login')
  expect(carriedOver(login, typed, false)).toMatchObject({ identifier: 'ada@example.org', password: '' })
  expect(carriedOver(form('login', 'second-factor'), typed, false)).toMatchObject({ totp_code: '' })
})

test('a refused form keeps the password, in which one letter may be wrong, but no code', () => {
  const typed = { identifier: 'ada@example.org', password: 'secret', totp_code: '123456' }
  expect(carriedOver(form('login', 'login-refused'), typed, true)).toMatchObject({ password: 'secret' })
  expect(carriedOver(form('login', 'second-factor-wrong'), typed, true)).toMatchObject({ totp_code: '' })
})

test('backup codes are shown one by one, and a used one without its text', () => {
  const [secret] = form('settings', 'settings-lookup-shown').groups.flatMap(({ name, parts }) =>
    name === 'lookup_secret' ? parts : []
  )
  expect(secret).toMatchObject({ is: 'secret', id: 'lookup_secret_codes' })
  expect(secret?.is === 'secret' && secret.lines).toHaveLength(12)
})
