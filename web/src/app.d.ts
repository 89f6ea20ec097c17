declare global {
  namespace App {
    interface PageState {
      /** windows of writing over the page of a phone, up to this entry of the history */
      windows?: number
    }
  }
}

export {}
