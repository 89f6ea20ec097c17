/** `in:` with this value searches Spam and Trash too. A file of its own, which the first view needs of the search. */
export const ANYWHERE = 'anywhere'
