import { kratosResponseOf } from '#lib/accounts/kratos-response.ts'
import type { FlowKind } from '#lib/accounts/flow.ts'
import { expect, test } from 'vitest'
import { recordedMeaning } from '../../../tests/recorded.ts'

test.each<[FlowKind, string]>([
  ['login', 'login'],
  ['login', 'login-refused'],
  ['login', 'login-code'],
  ['login', 'second-factor'],
  ['login', 'identifier-first-credentials'],
  ['registration', 'registration-refused'],
  ['registration', 'two-step-credentials'],
  ['recovery', 'recovery-wrong'],
  ['verification', 'verification-done'],
  ['settings', 'settings-saved']
])('a form is shown whether it is new, refused or the next step: %s %s', (kind, name) => {
  expect(recordedMeaning(kind, name)).toMatchObject({ is: 'form', flow: { kind } })
})

test.each<[FlowKind, string, object]>([
  ['login', 'login-already', { is: 'session_already_available' }],
  ['login', 'login-aal1-required', { is: 'session_inactive' }],
  ['settings', 'settings-signed-out', { is: 'session_inactive' }],
  ['settings', 'settings-needs-aal2', { is: 'session_aal2_required' }],
  ['login', 'login-csrf', { is: 'flow_gone' }],
  ['login', 'login-unknown-flow', { is: 'flow_gone' }],
  ['login', 'login-forbidden-return', { is: 'return_to_forbidden' }],
  ['login', 'login-expired', { is: 'flow_replaced', flowId: expect.any(String) as string }],
  ['login', 'login-expired-shown', { is: 'flow_replaced', flowId: null }]
])('the id of an error says what it means: %s %s', (kind, name, meaning) => {
  expect(recordedMeaning(kind, name)).toEqual(meaning)
})

test('an identity provider, a second factor and a recovery need another page', () => {
  for (const [kind, name, part] of [
    ['login', 'login-oidc', '/authorize?'],
    ['settings', 'settings-oidc-link', '/authorize?'],
    ['login', 'login-needs-aal2', '/self-service/login/browser?aal=aal2'],
    ['recovery', 'recovery-done', '/settings?flow=']
  ] as const) {
    expect(recordedMeaning(kind, name)).toEqual({
      is: 'location_change_required',
      url: expect.stringContaining(part) as string
    })
  }
})

test('an old login is told with the address of a fresh one', () => {
  const response = recordedMeaning('settings', 'settings-needs-refresh')
  expect(response).toEqual({ is: 'session_refresh_required', url: expect.stringContaining('refresh=true') as string })
})

test('a registration is done with a session, and says what may come next', () => {
  expect(recordedMeaning('registration', 'registration-done')).toMatchObject({
    is: 'done',
    signedIn: true,
    next: [{ action: 'redirect_browser_to' }, { action: 'show_verification_ui', flowId: expect.any(String) as string }]
  })
})

test.each([
  [503, { code: 'kratos_away', title: 'Kratos does not answer' }, 'kratos_away'],
  [502, null, 'kratos_silent'],
  [500, { error: { code: 500, reason: 'broken' } }, 'kratos_silent'],
  [400, { error: { code: 400, id: 'self_service_flow_disabled', reason: 'closed' } }, 'flow_disabled'],
  [400, ['nonsense'], 'unknown'],
  [422, { error: 7 }, 'unknown']
])('whatever else comes is trouble with a code: %d %j', (status, body, code) => {
  expect(kratosResponseOf('registration', status, body)).toMatchObject({ is: 'trouble', trouble: { code } })
})

test('a form with nonsense in it loses the nonsense only', () => {
  const ui = { nodes: [null, 7, { type: 'input' }, { type: 'input', group: 'default', attributes: { name: 'a' } }] }
  const response = kratosResponseOf('login', 200, {
    id: 'x',
    ui: { ...ui, messages: [{ text: 'no id' }, { id: 1, text: 'b' }] }
  })
  expect(response).toMatchObject({
    flow: { nodes: [{ group: 'default' }], messages: [{ id: 1, text: 'b', type: 'info' }] }
  })
})
