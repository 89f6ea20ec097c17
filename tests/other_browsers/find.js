// What a person finds in a page: parts by their role and name.
const ROLES = {
  button: 'button, [role=button]',
  combobox: '[role=combobox]',
  dialog: 'dialog[open], [role=dialog]',
  gridcell: '[role=gridcell]',
  heading: 'h1, h2, h3, [role=heading]',
  radio: 'input[type=radio], [role=radio]',
  textbox: 'input:not([type=checkbox], [type=radio], [type=file], [type=hidden]), [role=textbox]'
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
/** Those of exactly this name; if there is none, those whose name holds it. */
const all = (role, name) => {
  const seen = [...document.querySelectorAll(ROLES[role])].filter(isSeen)
  const exact = seen.filter((element) => nameOf(element) === name)
  return exact.length > 0 ? exact : seen.filter((element) => nameOf(element).includes(name))
}
/** Where to click, unless something else is there. */
const placeOf = (element) => {
  if (!element) return null
  element.scrollIntoView({ block: 'nearest' })
  const { x, y, width, height } = element.getBoundingClientRect()
  const place = [x + width / 2, y + height / 2]
  const hit = document.elementFromPoint(...place)
  return hit && (element.contains(hit) || hit.contains(element)) ? place : null
}
