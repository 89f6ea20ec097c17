import { destinationOf, ownPage } from '#lib/accounts/destination.ts'
import { expect, test } from 'vitest'

const ORIGIN = 'https://mail.example.org'

test.each([
  ['/mail', '/mail'],
  ['/mail/a/b?x=1#y', '/mail/a/b?x=1#y'],
  [`${ORIGIN}/mail`, '/mail'],
  ['mail', '/mail'],
  ['https:evil.test', '/evil.test'],
  ['/.ory/kratos/public/self-service/settings?flow=1', '/.ory/kratos/public/self-service/settings?flow=1']
])('a page of ours may be returned to: %s', (address, page) => {
  expect(ownPage(address, ORIGIN)).toBe(page)
})

test.each([
  [null],
  [''],
  ['https://evil.test/'],
  ['//evil.test/mail'],
  ['/\\evil.test'],
  ['\\\\evil.test'],
  ['/\t/evil.test'],
  ['https://mail.example.org.evil.test/'],
  ['https://mail.example.org@evil.test/'],
  ['https://evil@mail.example.org/'],
  ['https://mail.example.org//evil.test'],
  ['/.//evil.test'],
  ['http://mail.example.org/mail'],
  ['https://mail.example.org:8443/mail'],
  ['javascript:alert(1)'],
  ['java\nscript:alert(1)'],
  ['data:text/html,x'],
  ['blob:https://mail.example.org/x'],
  ['/sign-in?return_to=/sign-in'],
  ['/.ory/kratos/public/self-service/logout?token=x'],
  [`/${'a'.repeat(3000)}`]
])('nothing else is: %j', (address) => {
  expect(ownPage(address, ORIGIN)).toBeNull()
})

const AT_KRATOS = 'http://127.0.0.1:4433'
const BACK = encodeURIComponent(`${AT_KRATOS}/self-service/settings?flow=7`)

test.each([
  [`${AT_KRATOS}/self-service/login/browser?aal=aal2`, { page: '/sign-in?aal=aal2' }],
  [
    `${ORIGIN}/.ory/kratos/public/self-service/login/browser?aal=aal2&return_to=${encodeURIComponent(ORIGIN)}%2Fmail`,
    { page: '/sign-in?aal=aal2&return_to=%2Fmail' }
  ],
  [
    `${AT_KRATOS}/self-service/login/browser?refresh=true&return_to=${BACK}`,
    { page: '/sign-in?refresh=true&return_to=%2F.ory%2Fkratos%2Fpublic%2Fself-service%2Fsettings%3Fflow%3D7' }
  ],
  [`${AT_KRATOS}/self-service/login/browser?return_to=https%3A%2F%2Fevil.test%2F`, { page: '/sign-in' }],
  [`${AT_KRATOS}/self-service/settings?flow=7`, { load: '/.ory/kratos/public/self-service/settings?flow=7' }],
  [`${ORIGIN}/settings?flow=7`, { page: '/settings?flow=7' }],
  ['https://accounts.nordlicht.test/authorize?x=1', { site: 'https://accounts.nordlicht.test/authorize?x=1' }]
])('Kratos may name any host; the page is ours: %s', (address, destination) => {
  expect(destinationOf(address, ORIGIN)).toEqual(destination)
})

test.each([[''], ['javascript:alert(1)'], ['data:text/html,x'], ['file:///etc/passwd'], ['http://[']])(
  'the browser is sent to web pages only: %j',
  (address) => {
    const to = destinationOf(address, ORIGIN)
    expect(to === null || 'page' in to).toBe(true)
    expect(JSON.stringify(to)).not.toMatch(/javascript|data:|file:/)
  }
)
