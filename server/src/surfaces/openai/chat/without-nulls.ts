const unknownYet = /,"(?:finish_reason|usage)":null(?=[,}])|"(?:finish_reason|usage)":null,/g;

/**
 * Events of a chat stream without the members whose value is not known yet. The SDK of the Foundation Models API
 * takes them to be absent until they are known. A quote inside a JSON text is always escaped, so only members match.
 */
export function withoutNulls(events: Buffer): Buffer {
  return Buffer.from(events.toString('latin1').replace(unknownYet, ''), 'latin1');
}
