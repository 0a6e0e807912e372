/** A larger body is not parsed a second time only to name its model. */
const largestBytes = 1024 * 1024;

/** The model that a refused body asks for; empty when that cannot be read. */
export function requestedModel(body: Buffer | null): string {
  if (body === null || body.length > largestBytes) return '';
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value !== 'object' || value === null || !('model' in value)) return '';
    return typeof value.model === 'string' ? value.model : '';
  } catch {
    // It is no JSON, which is why it was refused.
    return '';
  }
}
