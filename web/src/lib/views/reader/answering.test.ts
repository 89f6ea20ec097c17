test('A replies to all, and F forwards, what was sent last; A replies where there is nobody else', async () => {
  const { compose, page } = await reading()
  for (const command of [replyAll, forward]) {
    expect(command.when(page)).toBe(true)
    await after(() => void command.run(page))
  }
  expect(answered(compose)).toEqual(['replyAll e2', 'forward e2'])
  await after(() => page.show('inbox', undefined))
  expect(replyAll.when(page)).toBe(false)
})
