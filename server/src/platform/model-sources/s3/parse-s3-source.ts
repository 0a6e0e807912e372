import { SamovarError } from '../../../kernel/errors.ts';

/** What an installation lets `s3:` sources read. */
export interface BucketRules {
  /** `bucket` or `bucket/prefix`; empty: any but the installation's own objects. */
  readonly allowed: readonly string[];
  readonly own: { readonly bucket: string; readonly prefix: string } | null;
}

export interface S3Place {
  readonly bucket: string;
  /** A key, or what keys begin with; without a `/` in the end. */
  readonly prefix: string;
}

/** Takes `s3://bucket[/prefix]` apart; throws `model.source_invalid` where the rules do not let it be read. */
export function parseS3Source(uri: string, rules: BucketRules): S3Place {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(uri) ?? [];
  if (bucket === undefined) throw invalid(uri, 'it is written s3://bucket/prefix');
  const place = { bucket, prefix: prefix.replace(/\/+$/, '') };
  if (rules.allowed.length > 0) {
    if (!rules.allowed.some((each) => covers(each, place)))
      throw invalid(uri, 'SAMOVAR_MODEL_BUCKETS does not name it');
  } else if (rules.own !== null && overlapsOwn(rules.own, place))
    throw invalid(
      uri,
      'this installation keeps its own objects there; SAMOVAR_MODEL_BUCKETS can name a prefix of that bucket',
    );
  return place;
}

function covers(allowed: string, place: S3Place): boolean {
  const path = `${place.bucket}/${place.prefix}/`;
  return path.startsWith(`${allowed.replace(/\/+$/, '')}/`);
}

/** Either may lie inside the other. */
function overlapsOwn(own: { readonly bucket: string; readonly prefix: string }, place: S3Place): boolean {
  if (own.bucket !== place.bucket) return false;
  const prefix = place.prefix === '' ? '' : `${place.prefix}/`;
  return prefix.startsWith(own.prefix) || own.prefix.startsWith(prefix);
}

function invalid(source: string, reason: string): SamovarError {
  return new SamovarError('model.source_invalid', { params: { source, reason } });
}
