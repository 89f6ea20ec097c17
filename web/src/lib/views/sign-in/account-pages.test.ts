// @vitest-environment jsdom
import { after } from '../../../../tests/drawn.ts'
import { alerts, button, field, fill, opened, press, recorded } from '../../../../tests/account-page.ts'
import AccountPage from '#lib/views/sign-in/AccountPage.svelte'
import ErrorPage from '#lib/views/sign-in/ErrorPage.svelte'
import SettingsPage from '#lib/views/sign-in/SettingsPage.svelte'
import SignOut from '#lib/views/sign-in/SignOut.svelte'
import { expect, test, vi } from 'vitest'

const LOGIN = { kind: 'login', search: '' } as const
const SIGN_UP = { kind: 'registration', search: '' } as const

test('a refused form says what is wrong at its field, which gets the focus, and keeps what was typed', async () => {
  await opened(AccountPage, SIGN_UP, [recorded('registration'), recorded('registration-similar')])
  await fill({ Address: 'ada@example.org', Name: 'Ada', Password: 'ada@example' })
  await press('Sign up')
  expect(alerts()).toEqual(['One thing needs another look.'])
  const password = field('Password')
  expect(password.getAttribute('aria-invalid')).toBe('true')
  const said = password.getAttribute('aria-describedby') ?? ''
  expect(document.getElementById(said)?.textContent).toContain('too much like your address')
  expect(document.activeElement).toBe(password)
  expect(['Address', 'Name', 'Password'].map((name) => field(name).value)).toEqual([
    'ada@example.org',
    'Ada',
    'ada@example'
  ])
})

test('after a wrong password the focus is on it: one letter may be wrong', async () => {
  await opened(AccountPage, LOGIN, [recorded('login'), recorded('login-refused')])
  await fill({ Address: 'ada@example.org', Password: 'wrong' })
  await press('Sign in')
  expect(alerts()).toEqual(['The address or the password is wrong.'])
  expect([document.activeElement, field('Password').value]).toEqual([field('Password'), 'wrong'])
})

test('who guessed too often reads how long to wait, and no longer that the last password was wrong', async () => {
  const refused = Response.json({ code: 'too_many_guesses' }, { status: 429, headers: { 'Retry-After': '540' } })
  await opened(AccountPage, LOGIN, [recorded('login'), recorded('login-refused'), refused])
  for (const password of ['wrong', 'right']) {
    await fill({ Address: 'ada@example.org', Password: password })
    await press('Sign in')
  }
  expect(alerts()).toEqual(['Too many passwords or codes were wrong. Try again in 9 minutes.'])
  expect([field('Address').value, field('Password').value]).toEqual(['ada@example.org', 'right'])
})

test('Tab leads from the address to the password and to the button that signs in, then to the rest', async () => {
  await opened(AccountPage, LOGIN, [recorded('login')])
  const stops = [...document.querySelectorAll<HTMLElement>('a[href], button, input, select, [tabindex]')]
  const reached = stops.filter(({ tabIndex }) => tabIndex >= 0)
  expect(reached.slice(0, 5)).toEqual([
    field('Address'),
    field('Password'),
    button('Sign in'),
    button('Show password'),
    [...document.querySelectorAll('a')].find(({ textContent }) => textContent === 'Forgot password?')
  ])
  expect(reached.filter(({ tabIndex }) => tabIndex > 0)).toEqual([])
})

test('a password can be shown', async () => {
  await opened(AccountPage, LOGIN, [recorded('login')])
  await fill({ Password: 'seen' })
  const seen = () => [field('Password').type, button('Show password').getAttribute('aria-pressed')]
  expect(seen()).toEqual(['password', 'false'])
  await press('Show password')
  expect([...seen(), field('Password').value]).toEqual(['text', 'true', 'seen'])
})

test('a wrong code is gone, and the next one can be typed at once', async () => {
  await opened(AccountPage, LOGIN, [recorded('login'), recorded('login-code'), recorded('login-code-wrong')])
  await fill({ Address: 'ada@example.org' })
  await press('Send me a code')
  const code = () => field('Code')
  expect(document.querySelector('[role=status]')?.textContent).toContain('A code is on its way to ')
  expect([document.activeElement, code().autocomplete]).toEqual([code(), 'one-time-code'])
  await fill({ Code: '123456' })
  await press('Continue')
  expect(alerts()).toEqual([expect.stringContaining('This code is wrong, or was used before.')])
  expect([code().value, document.activeElement]).toEqual(['', code()])
})

test('an expired form becomes a new one, with what was typed but the password', async () => {
  const responses = [recorded('login'), recorded('login-expired'), recorded('login', { id: 'another' })]
  const page = await opened(AccountPage, LOGIN, responses)
  await fill({ Address: 'ada@example.org', Password: 'secret' })
  await press('Sign in')
  expect(alerts().join()).toContain('This page had been open for too long.')
  expect([field('Address').value, field('Password').value]).toEqual(['ada@example.org', ''])
  expect(document.activeElement).toBe(field('Password'))
  expect(page.asked.at(-1)).toBe('GET /.ory/kratos/public/self-service/login/flows')
})

test('a flow of another browser becomes an own one', async () => {
  const given = { kind: 'login', search: '?flow=theirs' } as const
  const page = await opened(AccountPage, given, [recorded('login-csrf'), recorded('login')])
  expect(page.asked.map((asked) => asked.split('/').at(-1))).toEqual(['flows', 'browser'])
  expect([field('Address').value, alerts()]).toEqual(['', []])
})

test('while nobody is online buttons say why they do nothing, and work again afterwards', async () => {
  const page = await opened(AccountPage, LOGIN, [recorded('login'), recorded('login-refused')])
  const online = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  await after(() => dispatchEvent(new Event('offline')))
  const signIn = () => button('Sign in')
  expect(signIn().getAttribute('aria-disabled')).toBe('true')
  const why = document.getElementById(signIn().getAttribute('aria-describedby') ?? '')
  expect(why?.textContent).toBe('You are offline. This works again when you are back.')
  await press('Sign in')
  await after(() => signIn().form?.requestSubmit()) // the key Enter
  expect(page.sent).toEqual([])
  online.mockRestore()
  await after(() => dispatchEvent(new Event('online')))
  expect(signIn().getAttribute('aria-disabled')).toBeNull()
  await press('Sign in')
  expect(page.sent).toHaveLength(1)
})

test('while Kratos is away the page says so, and tries again when told to', async () => {
  const away = Response.json({ code: 'kratos_away' }, { status: 503 })
  await opened(AccountPage, LOGIN, [away, recorded('login')])
  expect(alerts().join()).toContain('Sign-in is unavailable for a moment.')
  await press('Try again')
  expect([field('Address').value, alerts()]).toEqual(['', []])
})

test('a browser without passkeys says so at their buttons', async () => {
  await opened(AccountPage, LOGIN, [recorded('login')], { hasAuthenticator: false })
  const passkey = button('Use a passkey')
  expect(passkey.getAttribute('aria-disabled')).toBe('true')
  expect(passkey.title).toBe('This browser does not support passkeys or security keys.')
  await press('Use a passkey')
  expect(alerts()).toEqual([])
})

test('who confirms nothing on the device may try again', async () => {
  const credentials = { get: () => Promise.resolve(null) }
  const page = await opened(AccountPage, LOGIN, [recorded('login')], {
    credentials: credentials as unknown as CredentialsContainer
  })
  await press('Use a passkey')
  expect(alerts().join()).toContain('Nothing was confirmed on your device.')
  expect([button('Use a passkey').getAttribute('aria-busy'), page.sent]).toEqual([null, []])
})

test('one second factor is shown at a time, and another one may take its place', async () => {
  await opened(AccountPage, { kind: 'login', search: '?aal=aal2' }, [recorded('second-factor')])
  expect(document.querySelector('h1')?.textContent).toBe('Second factor')
  expect(field('Code').autocomplete).toBe('one-time-code')
  await press('Use a backup code instead')
  expect(document.activeElement).toBe(field('Backup code'))
  expect(document.querySelectorAll('input')).toHaveLength(1)
})

test('what is refused in the settings gets the focus, and is said in its section', async () => {
  await opened(SettingsPage, { search: '' }, [recorded('settings'), recorded('settings-refused')])
  await fill({ 'New password': 'short' })
  await press('Change password')
  expect(document.activeElement).toBe(field('New password'))
  expect(field('New password').closest('section')?.textContent).toContain('Too short: at least 8 characters.')
})

test('a change that needs a fresh sign-in asks for it, and goes there when told to', async () => {
  const responses = [recorded('settings'), recorded('settings-needs-refresh')]
  const page = await opened(SettingsPage, { search: '' }, responses)
  await fill({ 'New password': 'another one' })
  await press('Change password')
  expect(alerts().join()).toContain('Please confirm that it is you.')
  await press('Sign in again')
  expect(page.went).toEqual([{ page: expect.stringMatching(/^\/sign-in\?refresh=true/) as string }])
})

test('an error has calm words, and those of Kratos behind them', async () => {
  await opened(ErrorPage, { search: '?id=stub:500' }, [recorded('error-stub')])
  expect(document.querySelector('main section > p')?.textContent).toBe(
    'Something went wrong while you were signing in. Nothing was changed.'
  )
  const details = document.querySelector('details')
  expect([details?.open, details?.textContent]).toEqual([false, expect.stringContaining('This is a stub error.')])
})

// Signing out

test.each([true, false])(
  'signing out asks if something unsent waits (the page for it asks at once: %j)',
  async (asks) => {
    const done = [new Response(null, { status: 204 }), recorded('logout'), new Response(null, { status: 204 })]
    const page = await opened(SignOut, { asks }, done, { unsent: () => Promise.resolve(1) })
    const dialog = document.querySelector('dialog')
    const decide = (name: string) =>
      after(() =>
        [...(dialog?.querySelectorAll('button') ?? [])].find((one) => one.textContent.trim() === name)?.click()
      )
    if (!asks) await press('Sign out')
    expect(dialog?.open).toBe(true)
    expect(dialog?.textContent).toContain('One message or change waits on this device and was not sent.')
    expect(document.activeElement?.textContent.trim()).toBe('Stay')
    await decide('Stay')
    expect([dialog?.open, page.asked]).toEqual([false, []])
    await press('Sign out')
    await decide('Sign out')
    expect(page.went).toEqual(['/sign-in'])
  }
)

test('a session that may still live is not said to have ended', async () => {
  const away = () => Response.json({ code: 'kratos_away' }, { status: 503 })
  const page = await opened(SignOut, {}, [away(), away()])
  await press('Sign out')
  expect(alerts()).toEqual(['You may still be signed in. Try again.'])
  expect(page.went).toEqual([])
})

// Whatever a flow says is text

const SHOT = '<img src=https://evil.test/p onerror=hit()><script>hit()</script><svg onload=hit()>'

function message(id: number, type = 'error'): object {
  return { id, type, text: `${SHOT}\u202egnp.exe`, context: { reason: SHOT, provider: SHOT } }
}

function node(type: string, group: string, attributes: Record<string, unknown>): object {
  return { type, group, attributes, messages: [message(9999998)], meta: { label: message(9999999, 'info') } }
}

const SVG = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='hit()'/>"
const HOSTILE = [
  node('input', 'default', { name: 'traits.any', type: 'text', value: SHOT }),
  node('input', 'password', { name: 'method', type: 'submit', value: SHOT }),
  node('input', 'oidc', { name: 'provider', type: 'submit', value: SHOT }),
  node('input', 'passkey', { name: 'passkey_login_trigger', type: 'button', onclick: 'hit()', onload: 'hit()' }),
  node('input', SHOT, { name: 'any', type: 'submit', value: 'any' }),
  node('img', 'totp', { id: 'totp_qr', src: 'https://evil.test/p.png' }),
  node('img', 'totp', { id: 'totp_qr', src: SVG }),
  node('text', 'totp', { id: 'totp_secret_key', text: message(9999997, 'info') }),
  node('a', 'code', { id: 'continue', href: 'javascript:hit()', title: message(9999996) }),
  node('script', 'webauthn', { src: 'https://evil.test/s.js', type: 'text/javascript', id: 's' }),
  node('div', 'default', { id: 'd', class: 'x', data: { x: SHOT } })
]

test.each([
  ['login', LOGIN],
  ['registration', SIGN_UP]
])('whatever a flow says is shown as text, and sent to ours: %s', async (name, given) => {
  const body = (await recorded(name).json()) as { ui: { nodes: object[] } }
  const ui = {
    ...body.ui,
    nodes: [...HOSTILE, ...body.ui.nodes],
    messages: [message(9999995), message(1010016, 'info'), message(4000001)],
    action: 'https://evil.test/take'
  }
  const page = await opened(AccountPage, given, [recorded(name, { ui })])
  expect(document.body.textContent).toContain('<script>hit()</script>')
  expect(document.querySelectorAll('script, iframe, [src^=http], [href^=javascript]')).toHaveLength(0)
  expect(document.querySelectorAll('[onclick], [onload], [onerror]')).toHaveLength(0)
  await after(() => document.querySelector('form')?.requestSubmit())
  expect(page.asked).toEqual([
    `GET /.ory/kratos/public/self-service/${name}/browser`,
    `POST /.ory/kratos/public/self-service/${name}`
  ])
})

test.each(['javascript:hit()', 'data:text/html,<script>hit()</script>', 'blob:x', '', 'http://['])(
  'a location that is no web page is not followed: %j',
  async (there) => {
    const error = { error: { id: 'browser_location_change_required' }, redirect_browser_to: there }
    const page = await opened(AccountPage, LOGIN, [recorded('login'), Response.json(error, { status: 422 })])
    await press('Sign in')
    const [to = { page: '' }] = page.went as { page?: string }[]
    expect(Object.keys(to)).toEqual(['page'])
    expect(to.page).not.toMatch(/^\w+:/)
  }
)

test('an error that holds markup is text', async () => {
  const error = { id: 'x', error: { code: 500, reason: SHOT, message: SHOT } }
  await opened(ErrorPage, { search: '?id=<b>x</b>' }, [Response.json(error)])
  const said = document.querySelector('details')
  expect(said?.textContent).toContain(SHOT)
  expect(said?.textContent).toContain('<b>x</b>')
  expect(said?.querySelectorAll('img, script, svg, b')).toHaveLength(0)
})
