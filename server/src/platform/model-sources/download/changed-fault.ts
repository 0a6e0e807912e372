/** What is being downloaded is not what it was, or not what it should be: parts of both must not be joined. */
export class ChangedFault extends Error {}
