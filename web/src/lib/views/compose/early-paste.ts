/** What is pasted before the parts are there that take it. */

/** The same paste once more. A browser empties what the event itself holds when the event is over. */
export function pasteAgain({ clipboardData: pasted }: ClipboardEvent): ClipboardEvent {
  const clipboardData = new DataTransfer()
  for (const type of ['text/html', 'text/plain']) {
    const text = pasted?.getData(type)
    if (text) clipboardData.setData(type, text)
  }
  for (const file of pasted?.files ?? []) clipboardData.items.add(file)
  return new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
}
