import { SamovarError } from '../../kernel/errors.ts';

/** Parses a JSON body. Throws `request.malformed_json` with the parser's reason. */
export function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (thrown) {
    const reason = thrown instanceof Error ? `${thrown.message}.` : 'it cannot be read.';
    throw new SamovarError('request.malformed_json', { params: { reason }, cause: thrown });
  }
}
