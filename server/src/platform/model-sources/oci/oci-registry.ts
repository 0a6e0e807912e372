import { createHash } from 'node:crypto';
import { SamovarError } from '../../../kernel/errors.ts';
import { faultOfAnswer } from '../answer-fault.ts';
import type { ByteSource } from '../download/byte-source.ts';
import { createHttpBytes } from '../http-bytes.ts';
import { type PatienceLimits, withPatience } from '../patience.ts';
import { jsonObject, readDocument } from '../read-document.ts';
import type { SourceAnswer, SourceHttp } from '../source-http.ts';
import { manifestTypes, type OciManifest, readOciManifest } from './oci-manifest.ts';
import { type OciReference, registryUrl } from './parse-oci-source.ts';
import type { RegistryCredentials } from './registry-credentials.ts';
import { createRegistryTokens } from './registry-tokens.ts';

const manifestBytes = 8 * 1024 * 1024;

export interface OciRegistry {
  /** The manifest with its digest (`sha256:…`), checked against it; the first of a list is followed. */
  manifest(reference: OciReference, signal: AbortSignal): Promise<{ manifest: OciManifest; digest: string }>;
  /** To be asked for after the manifest: that teaches what authorization is needed. */
  blob(reference: OciReference, sha256: string): ByteSource;
}

/** One registry of the distribution specification. Throws `model.source_gated` where it lets nobody or not us in. */
export function createOciRegistry(
  http: SourceHttp,
  registry: string,
  credentials: () => Promise<RegistryCredentials | null>,
  patience: PatienceLimits,
): OciRegistry {
  const tokens = createRegistryTokens(http, credentials);
  const base = `${registryUrl(registry)}/v2`;

  async function getManifest(
    source: OciReference,
    reference: string,
    signal: AbortSignal,
  ): Promise<{ bytes: Buffer; digest: string }> {
    const url = `${base}/${source.name}/manifests/${reference}`;
    const ask = async () =>
      await http.request({
        url,
        headers: { accept: manifestTypes },
        authorization: await tokens.current(source.name, signal),
        signal,
      });
    let answer = await ask();
    if (answer.status === 401 && (await tokens.answerChallenge(source.name, answer, signal))) {
      answer.discard();
      answer = await ask();
    }
    if (answer.status !== 200) throw await refusal(source, answer);
    const bytes = await readDocument(answer, manifestBytes);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (reference.startsWith('sha256:') && reference !== digest) throw mismatch(source, reference, digest);
    return { bytes, digest };
  }

  async function refusal(source: OciReference, answer: SourceAnswer): Promise<Error> {
    if (answer.status !== 401 && answer.status !== 403) return faultOfAnswer(answer);
    answer.discard();
    const known = await credentials();
    return new SamovarError('model.source_gated', {
      params: {
        source: `oci:${source.registry}/${source.name}`,
        reason: known === null ? 'it asks for credentials' : `it does not let ${known.user} in`,
        page: `the page of ${source.name} at ${source.registry}`,
        setting: 'SAMOVAR_REGISTRY_AUTH_FILE',
      },
    });
  }

  return {
    async manifest(source, signal) {
      let reference = source.reference;
      for (let depth = 0; depth < 3; depth += 1) {
        const { bytes, digest } = await withPatience(patience, signal, () =>
          getManifest(source, reference, signal),
        );
        const manifest = readOciManifest(jsonObject(bytes, registry));
        if (!('digest' in manifest)) return { manifest, digest };
        reference = manifest.digest;
      }
      throw new Error('its lists of manifests name only further lists');
    },
    blob: (source, sha256) =>
      createHttpBytes(http, {
        url: `${base}/${source.name}/blobs/sha256:${sha256}`,
        authorization: (signal) => tokens.current(source.name, signal),
      }),
  };
}

function mismatch(source: OciReference, wanted: string, found: string): SamovarError {
  return new SamovarError('model.file_mismatch', {
    params: {
      file: 'manifest',
      source: `oci:${source.registry}/${source.name}@${wanted}`,
      reason: `its digest is ${found}`,
    },
  });
}
