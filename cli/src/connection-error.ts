import { CommandError, exitStatus } from './command-error.ts';

/** What to tell when no answer came from an address: what stands in the way, and what helps against just that. */
export function connectionError(url: URL, error: unknown): CommandError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : null;
  const code = cause && 'code' in cause ? String(cause.code) : '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return new CommandError(
      `The certificate of the server at ${url.origin} is for another name: ${cause?.message ?? code}.`,
      'Call it by a name of its certificate: set SAMOVAR_PUBLIC_URL.',
    );
  if (untrusted.test(code))
    return new CommandError(
      `The certificate of the server at ${url.origin} is not trusted here: ${cause?.message ?? code}.`,
      'Set SAMOVAR_CA_FILE to the PEM file of its authority; for a Samovar that runs on this machine set SAMOVAR_DATA to its data folder instead (`--data`), and it is known by its own certificate.',
    );
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return new CommandError(
      `The server at ${url.origin} does not speak TLS, or none that fits: ${cause?.message ?? code}.`,
      'Check the scheme of SAMOVAR_PUBLIC_URL, and whether SAMOVAR_TLS_CERT_FILE is set where the server does not use it.',
    );
  // Where nothing listens there is nothing to explain.
  const reason = code === 'ECONNREFUSED' ? '' : (cause?.message ?? '');
  return new CommandError(
    `Samovar does not answer at ${url.origin}${reason === '' ? '' : `: ${reason}`}.`,
    'Start it with `samovar up`; `samovar status` tells what runs.',
    exitStatus.notRunning,
  );
}

/** Codes of the TLS library for a chain that ends at nobody known, or is not valid now. */
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECODE)|INVALID_CA|PATH_LENGTH/;
