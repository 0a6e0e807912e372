/**
 * For a refusal that may only mean that what is in memory is older than what was written: `null` where something newer
 * would refuse alike. Else it settles within a second, when memory is as new as the database, or the database does not
 * tell; true when it became newer, so that it is worth trying once more. Never rejects.
 */
export type NewerPolicy = (refusal: unknown) => Promise<boolean> | null;
