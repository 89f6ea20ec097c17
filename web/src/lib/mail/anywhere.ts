/** `in:` with this value searches Spam and Trash too. */
export const ANYWHERE = 'anywhere'
