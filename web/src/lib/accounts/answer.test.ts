import { answerOf } from '#lib/accounts/answer.ts'
import type { FlowKind } from '#lib/accounts/flow.ts'
import { expect, test } from 'vitest'
import { answered } from '../../../tests/recorded.ts'

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
  expect(answered(kind, name)).toMatchObject({ is: 'form', flow: { kind } })
})

test.each<[FlowKind, string, object]>([
  ['login', 'login-already', { is: 'signed-in-already' }],
  ['login', 'login-aal1-required', { is: 'signed-out' }],
  ['settings', 'settings-signed-out', { is: 'signed-out' }],
  ['settings', 'settings-needs-aal2', { is: 'second-factor-due' }],
  ['login', 'login-csrf', { is: 'stale' }],
  ['login', 'login-unknown-flow', { is: 'stale' }],
  ['login', 'login-forbidden-return', { is: 'return-refused' }],
  ['login', 'login-expired', { is: 'replaced', flowId: expect.any(String) as string }],
  ['login', 'login-expired-shown', { is: 'replaced', flowId: null }]
])('the id of an error says what it means: %s %s', (kind, name, meaning) => {
  expect(answered(kind, name)).toEqual(meaning)
})

test('an identity provider, a second factor and a recovery need another page', () => {
  for (const [kind, name, part] of [
    ['login', 'login-oidc', '/authorize?'],
    ['settings', 'settings-oidc-link', '/authorize?'],
    ['login', 'login-needs-aal2', '/self-service/login/browser?aal=aal2'],
    ['recovery', 'recovery-done', '/settings?flow=']
  ] as const) {
    expect(answered(kind, name)).toEqual({ is: 'elsewhere', url: expect.stringContaining(part) as string })
  }
})

test('an old login is told with the address of a fresh one', () => {
  const answer = answered('settings', 'settings-needs-refresh')
  expect(answer).toEqual({ is: 'fresh-login-due', url: expect.stringContaining('refresh=true') as string })
})

test('a registration is done with a session, and says what may come next', () => {
  expect(answered('registration', 'registration-done')).toMatchObject({
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
  expect(answerOf('registration', status, body)).toMatchObject({ is: 'trouble', trouble: { code } })
})

test('a form with nonsense in it loses the nonsense only', () => {
  const ui = { nodes: [null, 7, { type: 'input' }, { type: 'input', group: 'default', attributes: { name: 'a' } }] }
  const answer = answerOf('login', 200, { id: 'x', ui: { ...ui, messages: [{ text: 'no id' }, { id: 1, text: 'b' }] } })
  expect(answer).toMatchObject({
    flow: { nodes: [{ group: 'default' }], messages: [{ id: 1, text: 'b', type: 'info' }] }
  })
})
