/** Which theme is on screen: the chosen one, else that of the system. */
import { MediaQuery } from 'svelte/reactivity'

export type Theme = 'light' | 'dark'

const dark = new MediaQuery('(prefers-color-scheme: dark)')

/** Reactive to the system's setting. */
export function theme(): Theme {
  const chosen = document.documentElement.dataset['theme']
  return chosen === 'light' || chosen === 'dark' ? chosen : dark.current ? 'dark' : 'light'
}
