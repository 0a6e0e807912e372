import { SamovarError } from '../../kernel/errors.ts';
import type { OutboundGuard } from '../../kernel/ports/outbound-guard.ts';

/** Asks the guard before a request, for where a proxy connects by itself. Throws `request.address_refused`. */
export async function refuseInternal(guard: OutboundGuard, url: URL): Promise<void> {
  try {
    await guard.resolve(url.hostname, Number(url.port || (url.protocol === 'https:' ? 443 : 80)));
  } catch (error) {
    // A name that only the proxy knows.
    if (error instanceof SamovarError) throw error;
  }
}
