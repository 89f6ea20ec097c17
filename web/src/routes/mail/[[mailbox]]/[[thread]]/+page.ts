// A shell of its own, mail.html, which preloads this page's files: the common shell would load them one round trip later.
export const prerender = true
