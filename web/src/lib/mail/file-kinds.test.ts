import { isText, kindOf, notShown, pictureType } from '#lib/mail/file-kinds.ts'
import { expect, test } from 'vitest'

const file = (name: string, type: string, size = 10) => ({ name, type, size })

test.each([
  ['a.png', 'image/png', 'image/png'],
  ['a.JPG', 'application/octet-stream', 'image/jpeg'],
  ['a', 'image/jpg', 'image/jpeg'],
  ['a.png', 'image/svg+xml', null],
  ['a.svg', 'application/octet-stream', null],
  ['a.png', 'text/html', null],
  ['a.tiff', 'image/tiff', null],
  ['a.png', 'image/png; x=image/svg+xml', 'image/png']
])('%s of type %s is painted as %s', (name, type, painted) => {
  expect(pictureType(file(name, type))).toBe(painted)
})

test.each([
  ['a.txt', 'text/plain; charset=x', true],
  ['a.log', 'application/octet-stream', true],
  ['a.ics', 'text/calendar', true],
  ['a.html', 'text/html', false],
  ['a.xml', 'text/xml', false],
  ['a.svg', 'image/svg+xml', false],
  ['a.bin', 'application/octet-stream', false]
])('%s of type %s is text: %s', (name, type, text) => {
  expect(isText(file(name, type))).toBe(text)
})

test.each([
  ['a.png', 'image/png', null],
  ['a.txt', 'text/plain', null],
  ['a.svg', 'image/svg+xml', 'svg'],
  ['a.html', 'text/html', 'program'],
  ['a.html', 'text/plain', 'program'],
  ['a.exe', 'application/octet-stream', 'program'],
  ['a.exe', 'text/plain', 'program'],
  ['a.pdf', 'application/pdf', 'kind'],
  ['a.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'kind']
])('%s of type %s is not shown because of: %s', (name, type, why) => {
  expect(notShown(file(name, type))).toBe(why)
})

test('a picture is loaded to be shown only up to a size', () => {
  expect(notShown(file('a.png', 'image/png', 40_000_000))).toBe('large')
})

test.each([
  ['a.pdf', 'application/octet-stream', 'document'],
  ['a.zip', 'application/zip', 'archive'],
  ['a.eml', 'message/rfc822', 'message'],
  ['a.mp3', 'audio/mpeg', 'sound'],
  ['a.svg', 'image/svg+xml', 'picture'],
  ['a', '', 'other']
])('%s of type %s has the icon of: %s', (name, type, kind) => {
  expect(kindOf(file(name, type))).toBe(kind)
})
