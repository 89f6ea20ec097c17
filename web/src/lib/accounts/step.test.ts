import { stepAfter, type Purpose } from '#lib/accounts/step.ts'
import type { KratosResponse } from '#lib/accounts/kratos-response.ts'
import { expect, test } from 'vitest'
import { recordedMeaning } from '../../../tests/recorded.ts'

const ORIGIN = 'http://localhost:9'

function purpose(more: Partial<Purpose> = {}): Purpose {
  return { kind: 'login', origin: ORIGIN, returnTo: null, ...more }
}

test('whoever signs in goes where they wanted to, else to the start, in place of the door', () => {
  const done: KratosResponse = { is: 'done', signedIn: true, next: [] }
  expect(stepAfter(done, purpose())).toEqual({ do: 'enter', to: { page: '/' } })
  expect(stepAfter(done, purpose({ returnTo: '/mail/a' }))).toEqual({ do: 'enter', to: { page: '/mail/a' } })
})

test('nobody is sent to another site, neither from the address bar nor by what Kratos remembers of it', () => {
  const evil = 'https://evil.test/'
  const next = [{ action: 'redirect_browser_to', url: evil, flowId: '' }]
  for (const response of [
    { is: 'done', signedIn: true, next },
    { is: 'session_already_available' }
  ] as KratosResponse[]) {
    expect(stepAfter(response, purpose({ returnTo: evil }))).toEqual({ do: 'enter', to: { page: '/' } })
  }
})

test('the page that Kratos remembers is taken if the address bar names none', () => {
  const next = [{ action: 'redirect_browser_to', url: `${ORIGIN}/mail/a`, flowId: '' }]
  expect(stepAfter({ is: 'done', signedIn: true, next }, purpose())).toEqual({ do: 'enter', to: { page: '/mail/a' } })
})

test('a change that needed a fresh sign-in is made when one comes back', () => {
  const url = 'http://127.0.0.1:4433/self-service/settings?flow=7'
  const next = [{ action: 'redirect_browser_to', url, flowId: '' }]
  const load = '/.ory/kratos/public/self-service/settings?flow=7'
  const entered = { do: 'enter', to: { load } }
  expect(stepAfter({ is: 'done', signedIn: true, next }, purpose())).toEqual(entered)
  expect(stepAfter({ is: 'done', signedIn: true, next: [] }, purpose({ returnTo: load }))).toEqual(entered)
})

test('a registration goes to the mailbox that is being made, not to a mail that cannot arrive yet', () => {
  const response = recordedMeaning('registration', 'registration-done')
  expect(stepAfter(response, purpose({ kind: 'registration' }))).toEqual({ do: 'enter', to: { page: '/' } })
})

test('without a session a registration goes on with the proof of the address, or with signing in', () => {
  const next = [{ action: 'show_verification_ui', url: '', flowId: 'f' }]
  const registration = purpose({ kind: 'registration' })
  expect(stepAfter({ is: 'done', signedIn: false, next }, registration)).toEqual({
    do: 'go',
    to: { page: '/verification?flow=f' }
  })
  expect(stepAfter({ is: 'done', signedIn: false, next: [] }, registration)).toEqual({
    do: 'go',
    to: { page: '/sign-in' }
  })
})

test('a recovery goes on with the settings, in both ways in which Kratos says so', () => {
  const recovery = purpose({ kind: 'recovery' })
  expect(stepAfter(recordedMeaning('recovery', 'recovery-done'), recovery)).toEqual({
    do: 'go',
    to: { page: expect.stringMatching(/^\/settings\?flow=/) as string }
  })
  const next = [{ action: 'show_settings_ui', url: '', flowId: 'f' }]
  const to = { page: '/settings?flow=f' }
  expect(stepAfter({ is: 'done', signedIn: true, next }, recovery)).toEqual({ do: 'go', to })
})

test('a second factor that is due is a page of ours, and comes back', () => {
  expect(stepAfter(recordedMeaning('login', 'login-needs-aal2'), purpose())).toEqual({
    do: 'go',
    to: { page: '/sign-in?aal=aal2&return_to=%2Fmail' }
  })
  expect(stepAfter(recordedMeaning('settings', 'settings-needs-aal2'), purpose({ kind: 'settings' }))).toEqual({
    do: 'go',
    to: { page: '/sign-in?aal=aal2&return_to=%2Fsettings' }
  })
})

test('settings of somebody who is signed out lead to signing in and back', () => {
  const to = { page: '/sign-in?return_to=%2Fsettings' }
  expect(stepAfter(recordedMeaning('settings', 'settings-signed-out'), purpose({ kind: 'settings' }))).toEqual({
    do: 'go',
    to
  })
})

test('an old login asks first, then the change goes on', () => {
  const step = stepAfter(recordedMeaning('settings', 'settings-needs-refresh'), purpose({ kind: 'settings' }))
  expect(step).toEqual({
    do: 'confirm',
    to: { page: expect.stringMatching(/^\/sign-in\?refresh=true&return_to=%2F\.ory%2F/) as string }
  })
})

test('an expired form is replaced by the one that Kratos made, an unknown one by a new one', () => {
  expect(stepAfter(recordedMeaning('login', 'login-expired'), purpose())).toMatchObject({ do: 'resume' })
  for (const name of ['login-unknown-flow', 'login-csrf', 'login-expired-shown']) {
    expect(stepAfter(recordedMeaning('login', name), purpose())).toEqual({ do: 'begin', plain: false })
  }
  expect(stepAfter(recordedMeaning('login', 'login-forbidden-return'), purpose())).toEqual({ do: 'begin', plain: true })
})

test('an identity provider is another site', () => {
  const step = stepAfter(recordedMeaning('login', 'login-oidc'), purpose())
  expect(step).toEqual({ do: 'go', to: { site: expect.stringContaining('/authorize?') as string } })
})

test('an address that is no web page stops', () => {
  const step = stepAfter({ is: 'location_change_required', url: 'javascript:alert(1)' }, purpose())
  expect(step).toMatchObject({ do: 'stop' })
})
