import { SentPictures } from '#lib/frame/pictures.ts'
import { expect, test } from 'vitest'

test('each picture is sent to a frame once, although all that came are named again', () => {
  const sent = new SentPictures()
  const images = new Map<string, Blob>()
  const sends = ['a', 'b', 'c'].map((id) => {
    images.set(id, new Blob([id]))
    return sent.fresh(images).map(([name]) => name)
  })
  expect(sends).toEqual([['a'], ['b'], ['c']])
  expect(sent.fresh(images)).toEqual([])
})
