// @vitest-environment jsdom
import { expect, test } from 'vitest'
import { sanitize } from './sanitize.ts'

const looks = (html: string) => sanitize(html, { allowRemote: false, showQuoted: '', blocked: '' })

test.each([
  '<p>Hello</p>',
  '<div dir="ltr"><b>Hello</b><ul><li>a</li></ul></div>',
  '<p style="margin:0;font-size:12px">Hello</p>',
  '<style>p{border-color-x:1}</style>x'
])('simple HTML takes the colours of the theme: %s', (html) => {
  expect(looks(html)).toMatchObject({ ownColours: false, knowsDark: false })
})

test.each([
  '<body bgcolor="white">x',
  '<body text="black">x',
  '<font color="red">x</font>',
  '<p style="COLOR: red">x</p>',
  '<table><tr><td style="background:#fff">x',
  '<style>p{color:red}</style>x',
  '<style>p{margin:0;background-color:red}</style>x'
])('HTML with colours of its own lies on paper: %s', (html) => {
  expect(looks(html)?.ownColours).toBe(true)
})

test.each([
  '<meta name="color-scheme" content="light dark"><p style="color:red">x',
  '<meta name="supported-color-schemes" content="light dark">x',
  '<style>:root{color-scheme:light dark}</style>x',
  '<style>@media (prefers-color-scheme: dark){p{color:#fff}}</style>x',
  '<style media="(prefers-color-scheme: dark)">p{color:#fff}</style>x',
  '<html style="color-scheme: dark"><p style="color:red">x',
  '<body style="color-scheme: light dark;color:red">x'
])('unless it says that it can be dark: %s', (html) => {
  expect(looks(html)?.knowsDark).toBe(true)
})
