// What a person finds in a page: parts by their role and name, in the page or in the frame of a message.
const ROLES = {
  button: 'button, [role=button]',
  textbox: 'input:not([type=checkbox], [type=radio], [type=file], [type=hidden]), textarea, [role=textbox], [contenteditable=true]',
  combobox: '[role=combobox]',
  gridcell: '[role=gridcell]',
  heading: 'h1, h2, h3, [role=heading]',
  link: 'a[href]',
  dialog: 'dialog[open], [role=dialog]',
  radio: 'input[type=radio], [role=radio]',
  article: 'article'
}
const nameOf = (element) => {
  const by = element.getAttribute('aria-labelledby')
  const labelled = by && by.split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ')
  const labels = [...(element.labels ?? [])].map((label) => label.textContent).join(' ')
  return (labelled || element.getAttribute('aria-label') || labels || element.textContent || '').replace(/\s+/g, ' ').trim()
}
const isSeen = (element) => {
  const box = element.getBoundingClientRect()
  return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility === 'visible' && !element.closest('[inert]')
}
const all = (role, name, exact = false) =>
  [...document.querySelectorAll(ROLES[role])].filter((element) => {
    const own = nameOf(element)
    return isSeen(element) && (exact ? own === name : own.includes(name))
  })
const texts = () => [document, ...[...document.querySelectorAll('iframe')].map((frame) => frame.contentDocument)]
  .map((each) => each?.body?.innerText ?? '').join('\n')
