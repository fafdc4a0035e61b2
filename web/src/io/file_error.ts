/// A file that cannot be opened, and why, in words for the user.
export class FileError extends Error {}
