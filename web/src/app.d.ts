declare global {
  namespace App {
    interface PageState {
      /** what lies over the page of a phone, up to this entry of the history */
      over?: number
    }
  }
}

export {}
